"""Always-valid tests of a bounded mean: look as often as you like, the error rate holds.

The test bets against its null hypothesis with many stakes at once (Waudby-Smith and Ramdas 2024, "Estimating means of
bounded random variables by betting"; the fixed grid of stakes is Cover's universal portfolio in discrete form). Under
the null the capital is a supermartingale from 1, so by Ville's inequality it ever reaches 1 / alpha with probability at
most alpha. The stakes are fixed beforehand, so the state is a sum over values: it does not depend on their order, and
values that arrive as counts cost the same as one.

A guard of a canary is a pair of these: harm is proven when `mean <= bound` is rejected, non-inferiority is proven when
`mean >= bound + margin` is. An unpaired difference of two arms is tested on values in [-1, 1], one for each candidate
request: its own value less the mean of the champion requests since the previous one.
"""

from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np

from loopwright.stats.arrays import Floats, floats

Direction = Literal["above", "below"]
_LEAST_STAKE = 1 / 500
_MOST_STAKE = 0.98
"""Stakes go up to this part of the largest one that cannot ruin, so that the worst single value does not cost all."""
_SPACING = 1.45
"""From one stake to the next: the one nearest to the best grows at least 96 % as fast, and few share the capital."""


class MeanTest(msgspec.Struct, frozen=True, kw_only=True):
    """State of one test; small, plain JSON, resumed by `update`.

    Attributes:
        direction: `above` gathers evidence against "the mean is at most `bound`", `below` against "at least `bound`".
        bound: The null hypothesis's mean, strictly between `low` and `high`.
        low: Least possible value.
        high: Greatest possible value.
        n: Values seen.
        total: Their sum.
        log_capitals: Log of the capital of each stake, from the least to the greatest.
        log_peak: The greatest log evidence at the end of any update so far, never below 0.
        sure: Weight of the greatest stake, which is the best one where values hardly vary; the others share the rest.
            0 weighs all alike.
        least: The least stake, as a part of the largest one that cannot ruin.
    """

    direction: Direction
    bound: float
    low: float
    high: float
    n: int = 0
    total: float = 0.0
    log_capitals: tuple[float, ...]
    log_peak: float = 0.0
    sure: float = 0.0
    least: float = _LEAST_STAKE

    @property
    def log_e(self) -> float:
        """Log of the evidence now: the weighted mean capital over the stakes. 0 is none, log(1 / alpha) is enough."""
        return _log_mean(floats(self.log_capitals), self.sure)

    @property
    def p_value(self) -> float:
        """An always-valid p-value: one over the greatest evidence so far."""
        return float(np.exp(-self.log_peak))

    @property
    def mean(self) -> float:
        """Mean of the values seen; NaN before the first."""
        return self.total / self.n if self.n else float("nan")

    def rejects(self, alpha: float) -> bool:
        """Whether the null has been rejected, now or earlier, at error rate `alpha`."""
        return bool(self.log_peak >= -np.log(alpha))


def mean_test(
    bound: float,
    *,
    direction: Direction,
    low: float = 0.0,
    high: float = 1.0,
    sure: float = 0.25,
    least: float = _LEAST_STAKE,
) -> MeanTest:
    """A test with no value seen yet.

    Args:
        bound, direction, low, high, sure: As in `MeanTest`.
        least: The least stake worth having: the best one is about the distance of the true mean from the bound over the
            variance, both in units of the range.

    Raises:
        ValueError: The bound is not strictly between `low` and `high`, so no evidence against it could exist; or the
            least stake is not one.
    """
    if not low < bound < high:
        raise ValueError(f"bound {bound} is not strictly between {low} and {high}")
    if not 0.0 < least < _MOST_STAKE:
        raise ValueError(f"{least} is no stake between 0 and {_MOST_STAKE}")
    stakes = 2 + int(np.log(_MOST_STAKE / least) / np.log(_SPACING))
    return MeanTest(
        direction=direction,
        bound=bound,
        low=low,
        high=high,
        sure=sure,
        least=least,
        log_capitals=(0.0,) * stakes,
    )


def update(state: MeanTest, values: Floats) -> MeanTest:
    """The state after `values` (n,), whose order does not matter.

    Raises:
        ValueError: A value is NaN or outside [`low`, `high`]: the guarantee would be lost.
    """
    values = floats(values)
    if values.size == 0:
        return state
    if not bool(np.all((values >= state.low) & (values <= state.high))):
        raise ValueError(f"values must lie in [{state.low}, {state.high}]")
    distinct, counts = np.unique(values, return_counts=True)
    return _grown(state, distinct, counts.astype(np.float64))


def update_counts(state: MeanTest, highs: int, n: int) -> MeanTest:
    """The state after `n` values of which `highs` were `high` and the rest `low`: errors among requests.

    Raises:
        ValueError: Not 0 <= highs <= n.
    """
    if not 0 <= highs <= n:
        raise ValueError(f"{highs} of {n} is not a count")
    return _grown(state, floats([state.low, state.high]), floats([n - highs, highs])) if n else state


def _grown(state: MeanTest, values: Floats, counts: Floats) -> MeanTest:
    gains = values - state.bound if state.direction == "above" else state.bound - values
    room = state.bound - state.low if state.direction == "above" else state.high - state.bound
    stakes = _stakes(state.least, len(state.log_capitals)) / room
    growth = np.log1p(np.outer(stakes, gains)) @ counts
    capitals = floats(state.log_capitals) + growth
    return msgspec.structs.replace(
        state,
        n=state.n + int(counts.sum()),
        total=state.total + float(values @ counts),
        log_capitals=tuple(capitals.tolist()),
        log_peak=max(state.log_peak, _log_mean(capitals, state.sure)),
    )


@lru_cache(maxsize=64)
def _stakes(least: float, count: int) -> Floats:
    return floats(np.geomspace(least, _MOST_STAKE, count))


def _log_mean(logs: Floats, sure: float) -> float:
    """Log of the weighted mean of exp(logs), the last of which weighs `sure` where that is above 0."""
    weights = np.full(logs.size, 1.0 / logs.size)
    if sure > 0.0:
        weights[:], weights[-1] = (1.0 - sure) / (logs.size - 1), sure
    top = float(logs.max())
    return top + float(np.log(weights @ np.exp(logs - top)))


def needed(state: MeanTest, values: Floats, chances: Floats, *, alpha: float) -> int | None:
    """About how many values a test of its null needs if they come as expected; None where they would never suffice.

    Half of all tests need more, by about as much as the evidence scatters.

    Args:
        state: A test with no value seen yet.
        values: (n,) the values that occur.
        chances: (n,) how often, adding up to 1.
        alpha: The error rate at which it must reject.
    """
    one = _grown(state, floats(values), floats(chances))
    growth = floats(one.log_capitals) - floats(state.log_capitals)
    if growth.max() <= 0.0:
        return None
    low, high = 0.0, (-np.log(alpha) + np.log(growth.size / (1.0 - state.sure))) / growth.max()
    while high - low > 0.5:
        middle = (low + high) / 2
        enough = _log_mean(growth * middle, state.sure) >= -np.log(alpha)
        low, high = (low, middle) if enough else (middle, high)
    return int(np.ceil(high))
