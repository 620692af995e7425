"""Has the stream changed? Betting on ranks, with a stated mean time between false alarms.

While values come from one unchanging source, each one's rank among all values so far is uniform and independent of the
earlier ranks (conformal p-values: Vovk, Gammerman, Shafer 2005). A bet on low, high or extreme ranks has mean 1 then,
and grows without bound when the values move. Two ways to add the bets up:

- `Martingale` multiplies them: by Ville's inequality it ever reaches 1 / alpha with probability at most alpha.
- `Detector` starts a new product at every value and sums them (Shiryaev-Roberts; "e-detectors": Shin, Ramdas, Rinaldo
  2023). Under no change its sum minus the time is a martingale, so an alarm at a sum of A comes after A values in the
  mean or later, however many bets, sides and columns are averaged and however they depend on one another.

Ranks need no scale, no distribution and no tuning. Ties take the middle rank; as every bet is convex in the rank, that
only lowers it. One caveat, and tests measure it: the guarantee is exact for each column's own history; averaging
several columns that share a calibration set is so up to a term of the order of one over its size.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from loopwright.stats.arrays import Floats, floats

Side = Literal["high", "low", "both"]
_EXPONENTS = floats([0.2, 0.45, 0.7])
"""Power bets e * p ** (e - 1) (Shafer, Vovk 2001): small exponents for great shifts, large ones for slight shifts."""
_MOST = 1e300
"""Sums stop here: far past every threshold, and still a number in JSON."""


class Detector(msgspec.Struct, frozen=True, kw_only=True):
    """State of one watched figure: plain JSON, resumed by `observe`.

    Attributes:
        side: Which ranks count as a change.
        history: The values so far, ascending, the calibration values among them.
        sums: One Shiryaev-Roberts sum for each bet; their mean is the evidence.
        seen: Values observed after calibration.
    """

    side: Side
    history: tuple[float, ...]
    sums: tuple[float, ...]
    seen: int = 0

    @property
    def evidence(self) -> float:
        """Compare it with the wanted mean time between false alarms, counted in values."""
        return float(np.mean(self.sums))


class Martingale(msgspec.Struct, frozen=True, kw_only=True):
    """State of one test of exchangeability: plain JSON, resumed by `wager`.

    Attributes:
        side: Which ranks count as a change.
        history: The values so far, ascending.
        log_capitals: Log capital of each bet.
        log_peak: The greatest log mean capital so far, never below 0.
    """

    side: Side
    history: tuple[float, ...]
    log_capitals: tuple[float, ...]
    log_peak: float = 0.0

    @property
    def p_value(self) -> float:
        """An always-valid p-value for "nothing has changed"."""
        return float(np.exp(-self.log_peak))


def detector(calibration: Sequence[float], side: Side = "both") -> Detector:
    """A detector that ranks against `calibration`, and against all it observes afterwards."""
    return Detector(side=side, history=tuple(sorted(calibration)), sums=(0.0,) * _bet_count(side))


def martingale(calibration: Sequence[float], side: Side = "both") -> Martingale:
    """A martingale that ranks against `calibration`, and against all it observes afterwards."""
    return Martingale(side=side, history=tuple(sorted(calibration)), log_capitals=(0.0,) * _bet_count(side))


def observe(state: Detector, value: float) -> Detector:
    """The state after one finite value; cost grows with the log of the history, and its copy with the history.

    Raises:
        ValueError: The value is not finite.
    """
    bets = rank_bets(conformal_p(state.history, value), state.side)
    grown = np.minimum((floats(state.sums) + 1.0) * bets, _MOST)
    return msgspec.structs.replace(
        state, history=_inserted(state.history, value), sums=tuple(grown.tolist()), seen=state.seen + 1
    )


def restart(state: Detector) -> Detector:
    """The same history with nothing yet held against it: what follows an alarm that was dealt with."""
    return msgspec.structs.replace(state, sums=(0.0,) * len(state.sums))


def wager(state: Martingale, value: float) -> Martingale:
    """The state after one finite value.

    Raises:
        ValueError: The value is not finite.
    """
    capitals = floats(state.log_capitals) + np.log(rank_bets(conformal_p(state.history, value), state.side))
    top = float(capitals.max())
    log_mean = top + float(np.log(np.mean(np.exp(capitals - top))))
    return msgspec.structs.replace(
        state,
        history=_inserted(state.history, value),
        log_capitals=tuple(capitals.tolist()),
        log_peak=max(state.log_peak, log_mean),
    )


def conformal_p(history: Sequence[float], value: float) -> float:
    """Share of values, `value` itself included, that are greater, ties counting one half: in (0, 1).

    Args:
        history: Ascending.
        value: Finite.

    Raises:
        ValueError: The value is not finite.
    """
    if not np.isfinite(value):
        raise ValueError("a rank needs a finite value")
    greater = len(history) - bisect_right(history, value)
    equal = len(history) - greater - bisect_left(history, value) + 1
    return (greater + equal / 2.0) / (len(history) + 1)


def rank_bets(p: float, side: Side) -> Floats:
    """(n_bets,) factors, each of mean at most 1 for a uniform p: on small p (`high` values), on large p, or both."""
    high = _EXPONENTS * p ** (_EXPONENTS - 1.0)
    low = _EXPONENTS * (1.0 - p) ** (_EXPONENTS - 1.0)
    return {"high": high, "low": low, "both": np.concatenate((high, low))}[side]


def _bet_count(side: Side) -> int:
    return _EXPONENTS.size * (2 if side == "both" else 1)


def _inserted(history: tuple[float, ...], value: float) -> tuple[float, ...]:
    grown = list(history)
    insort(grown, value)
    return tuple(grown)
