"""The most likely place of one change of level in a series of figures, as daily means.

The maximum-likelihood split of independent normal series with a common place and each its own variance (Hinkley,
"Inference about the change-point in a sequence of random variables", Biometrika 57, 1970), on the ranks of the figures
(as Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics 28, 1979): one stormy day is
no change.
"""

import msgspec
import numpy as np

from loopwright.stats.arrays import Floats

LEAST_EACH = 2
"""Figures that there must be on either side."""


class ChangePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A split: the first figure after the change, and how much likelier it is than no change.

    Attributes:
        index: The first figure of the new level, in 0 … n_figures - 1.
        gain: Log-likelihood over that of one level, summed over the series; 0 or more.
    """

    index: int
    gain: float


def most_likely_change(figures: Floats, weights: Floats | None = None) -> ChangePoint | None:
    """Where the level changed, if it did once.

    Args:
        figures: (n_figures, n_series), oldest first; NaN where a series has no figure. Series that do not vary, or
            have too few figures, say nothing.
        weights: (n_figures,) how much each figure rests on, as rows of its day; alike where None.

    Returns:
        The best split; None where there are fewer than four figures, or no series says anything.
    """
    count = len(figures)
    if count < 2 * LEAST_EACH or figures.ndim != 2:
        return None
    weight = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    gains = np.zeros(count)
    for series in np.asarray(figures, dtype=np.float64).T:
        gains += _gains(series, weight)
    gains[:LEAST_EACH] = gains[count - LEAST_EACH + 1 :] = 0.0
    best = int(np.argmax(gains))
    return ChangePoint(index=best, gain=float(gains[best])) if gains[best] > 0.0 else None


def _gains(series: Floats, weight: Floats) -> Floats:
    """(n_figures,) the gain in log-likelihood of a split before each figure: n/2 · ln(S_0 / S_1), S the weighted sums
    of squares of the ranks around one mean and around two."""
    known = np.isfinite(series)
    used = np.where(known, weight, 0.0)
    value = np.zeros(len(series))
    value[known] = _ranks(series[known])
    if int(known.sum()) < 2 * LEAST_EACH:
        return np.zeros(len(series))
    mean = float(np.average(value, weights=used))
    total = float(np.sum(used * (value - mean) ** 2))
    if total <= 1e-12 * max(1.0, mean * mean):
        return np.zeros(len(series))
    before = np.concatenate([[0.0], np.cumsum(used)[:-1]])
    pulled = np.concatenate([[0.0], np.cumsum(used * (value - mean))[:-1]])
    after = used.sum() - before
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where((before > 0) & (after > 0), pulled**2 / before + pulled**2 / after, 0.0)
    left = np.maximum(total - between, 1e-9 * total)
    return np.asarray(0.5 * known.sum() * np.log(total / left))


def _ranks(values: Floats) -> Floats:
    """(n,) ranks from 0, ties sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts + 1) / 2)[place], dtype=np.float64)
