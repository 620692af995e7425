"""What a series has left once its season is taken out, and what of that is new.

The season is taken out with medians of the past only, so that a value is compared in the same way on the day it comes
and ever after.
"""

from typing import Literal

import msgspec
import numpy as np

from loopwright.stats.arrays import Bools, Floats, floats

Scale = Literal["log", "share", "plain"]
_MOST_PAST = 7
"""Values of the same hour that a median is taken of."""
_LEAST_PAST = {"far": 2, "near": 3}
_ENOUGH = 48
_LAGS = 3
_NEAR = 3.0
_FAR = 6.0


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """The newest value of a series against its past, on the scale of the series.

    Attributes:
        expected: What the newest value was compared with.
        now: What is left of the newest value.
        past: (n,) what was left of earlier ones.
        innovation: What is left of the newest beyond what the one before had foretold; NaN where it cannot be said.
        past_innovations: (m,) the same of earlier ones, ascending.
    """

    expected: float
    now: float
    past: Floats
    innovation: float
    past_innovations: Floats

    @property
    def far_out(self) -> bool:
        """Whether what is left of the newest lies beyond six robust deviations of the past."""
        middle, deviation = _spread(self.past)
        return bool(abs(self.now - middle) > _FAR * deviation) if deviation > 0 else False


def on_scale(scale: Scale, value: float) -> float:
    """The value on a scale on which its noise is about the same at any level."""
    if scale == "log":
        return float(np.log1p(max(value, 0.0)))
    if scale == "share":
        return float(np.arcsin(np.sqrt(min(max(value, 0.0), 1.0))))
    return float(value)


def plain(scale: Scale, value: float) -> float:
    """The inverse of `on_scale`."""
    if scale == "log":
        return float(np.expm1(max(value, 0.0)))
    if scale == "share":
        return float(np.sin(min(max(value, 0.0), np.pi / 2)) ** 2)
    return float(value)


def expected_of(scale: Scale, left: Left) -> tuple[float, float, float]:
    """The expected figure, and the range that nine in ten of the past ones were in, in the figure's own unit."""
    low, high = np.quantile(left.past, [0.05, 0.95])
    points = (left.expected, left.expected + float(low), left.expected + float(high))
    return plain(scale, points[0]), plain(scale, points[1]), plain(scale, points[2])


def left_over(values: Floats, held: Bools, *, lags: tuple[int, ...]) -> Left:
    """The newest value against the others.

    Args:
        values: (n,) one a period, NaN where there is none; the last one is the newest.
        held: (n,) values that others are not compared with.
        lags: Lengths of seasons in periods, the preferred one first; the first with enough of a past is taken, and none
            where none has.
    """
    known = values.copy()
    known[held] = np.nan
    known[-1] = np.nan
    for place, lag in enumerate(lags):
        least = _LEAST_PAST["far" if place < len(lags) - 1 or lag > _ENOUGH else "near"]
        foretold = _median_of_past(known, lag, least=least)
        left = values - foretold
        found = _left(left, held, expected=float(foretold[-1]))
        if np.isfinite(found.now) and found.past_innovations.size >= _ENOUGH:
            return found
    if lags:
        return found
    usual = float(np.nanmedian(known)) if np.isfinite(known).any() else np.nan
    return _left(values - usual, held, expected=usual)


def memory_of(left: Floats) -> Floats:
    """(3,) least-squares weights of the three values before (an autoregression); 0 where there is too little to say.

    One weight is not enough: counts have noise of their own on top of what remembers, and one lag sees only that. What
    is far out is taken as less far: a level that has just changed would else be told by itself, and never be news.
    """
    left = _without_extremes(left)
    before = _lagged(left)
    complete = np.isfinite(left) & np.isfinite(before).all(axis=0)
    if int(complete.sum()) < _ENOUGH // 2:
        return np.zeros(_LAGS)
    seen, told = before[:, complete], left[complete]
    seen, told = seen - seen.mean(axis=1, keepdims=True), told - told.mean()
    gram = seen @ seen.T
    ridge = 1e-3 * np.trace(gram) / _LAGS + 1e-12
    return floats(np.linalg.solve(gram + ridge * np.eye(_LAGS), seen @ told))


def _without_extremes(left: Floats) -> Floats:
    """What lies beyond three robust deviations from the median, brought back there."""
    middle, deviation = _spread(left)
    reach = _NEAR * deviation
    return floats(np.clip(left, middle - reach, middle + reach)) if reach > 0 else left


def _spread(left: Floats) -> tuple[float, float]:
    """Median, and the median absolute deviation on a normal's scale; both 0 where nothing is known."""
    known = left[np.isfinite(left)]
    if not known.size:
        return 0.0, 0.0
    middle = float(np.median(known))
    return middle, 1.4826 * float(np.median(np.abs(known - middle)))


def _lagged(left: Floats) -> Floats:
    """(3, n) the values one, two and three before."""
    found = np.full((_LAGS, left.size), np.nan)
    for lag in range(1, min(_LAGS, left.size - 1) + 1):
        found[lag - 1, lag:] = left[:-lag]
    return found


def _median_of_past(known: Floats, lag: int, *, least: int) -> Floats:
    """(n,) the median of the values one, two, … lags before; NaN where there are under `least`."""
    n = known.size
    table = np.full((_MOST_PAST, n), np.nan)
    for row in range(_MOST_PAST):
        shift = lag * (row + 1)
        if shift >= n:
            break
        table[row, shift:] = known[: n - shift]
    enough = np.isfinite(table).sum(axis=0) >= least
    found = np.full(n, np.nan)
    if enough.any():
        found[enough] = np.nanmedian(table[:, enough], axis=0)
    return found


def _left(left: Floats, held: Bools, *, expected: float) -> Left:
    """Split into the newest and the past. What is missing or held before a value foretells nothing of it."""
    usable = left.copy()
    usable[held] = np.nan
    past = usable[:-1]
    weights = memory_of(past)
    foretold = weights @ np.nan_to_num(_lagged(past))
    innovations = past - foretold
    now = float(left[-1])
    newest = now - float(weights @ np.nan_to_num(_lagged(left)[:, -1]))
    return Left(
        expected=expected,
        now=now,
        past=floats(past[np.isfinite(past)]),
        innovation=newest,
        past_innovations=np.sort(innovations[np.isfinite(innovations)]),
    )
