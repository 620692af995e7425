"""Intervals: what a figure could as well have been.

Every function returns NaN bounds, never a falsely narrow interval, where the data do not suffice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import AnyArray, Bools, Floats, average_ranks, floats

RowMetric = Callable[[AnyArray, Floats], float]
"""`(label (n,), score) -> float`: a metric with its classes already bound."""

_NAN = float("nan")
_MOST_UNDEFINED = 0.05
"""Share of resamples in which a metric may be undefined before the interval is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and the range that holds the truth with probability `level`, from `n` rows."""

    value: float
    low: float
    high: float
    level: float
    n: int

    @property
    def known(self) -> bool:
        """Whether all three figures are finite."""
        return bool(np.isfinite([self.value, self.low, self.high]).all())


def normal_quantile(level: float) -> float:
    """The two-sided critical value: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2.0)


def _critical(level: float, blocks: AnyArray | None) -> float:
    """The critical value: normal over rows; over blocks Student's, with one degree of freedom less than blocks."""
    if blocks is None:
        return normal_quantile(level)
    from scipy import special

    degrees = np.unique(blocks).size - 1
    return float(special.stdtrit(degrees, 0.5 + level / 2.0)) if degrees > 0 else _NAN


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """A share's interval (Wilson 1927): right at 0 and at 1, where the textbook one has no width."""
    if n == 0:
        return Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=0)
    z = normal_quantile(level)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if successes == 0 else float(centre - half)
    high = 1.0 if successes == n else float(centre + half)
    return Interval(value=share, low=low, high=high, level=level, n=n)


def clopper_pearson(successes: float, n: int, level: float = 0.95) -> Interval:
    """A share's exact interval (Clopper, Pearson 1934): never narrower than it says, also for few cases.

    Args:
        successes: How many of `n`; a sum of values in [0, 1] may stand for it, and makes the interval wider.
        n: How many.
        level: Confidence.
    """
    from scipy import special

    if n <= 0:
        return Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=0)
    tail = (1.0 - level) / 2.0
    low = 0.0 if successes <= 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(special.betaincinv(successes + 1, n - successes, 1.0 - tail))
    return Interval(value=successes / n, low=low, high=high, level=level, n=n)


def _placements(positive: Bools, score: Floats) -> tuple[Floats, Floats]:
    """Share of the other class below each positive, and above each negative (Sun and Xu 2014, by ranks)."""
    ranks = average_ranks(score)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    above = (ranks[positive] - average_ranks(score[positive])) / n_negative
    below = 1.0 - (ranks[~positive] - average_ranks(score[~positive])) / n_positive
    return above, below


def _one_class(positive: Bools) -> bool:
    return int(positive.sum()) < 2 or int((~positive).sum()) < 2


def _area_error(positive: Bools, above: Floats, below: Floats, *, blocks: AnyArray | None) -> float:
    """Standard error of a mean placement: over rows (DeLong and others 1988), or over blocks (Obuchowski 1997)."""
    if blocks is None:
        return float(np.sqrt(above.var(ddof=1) / above.size + below.var(ddof=1) / below.size))
    parts = np.empty(positive.size)
    parts[positive] = (above - above.mean()) / above.size
    parts[~positive] = (below - below.mean()) / below.size
    names, place = np.unique(blocks, return_inverse=True)
    if names.size < 2:
        return _NAN
    return float(np.sqrt(np.sum(np.bincount(place, weights=parts) ** 2) * names.size / (names.size - 1)))


def auc_interval(positive: Bools, score: Floats, level: float = 0.95, *, blocks: AnyArray | None = None) -> Interval:
    """Interval of the area under the ROC curve (DeLong and others 1988), on the logit scale so that it stays in [0, 1].

    Where the classes are separated perfectly the variance is nil, and Wilson's interval on the smaller class answers.

    Args:
        positive: (n,) bool.
        score: (n,) finite.
        level: Confidence.
        blocks: (n,) names of blocks, such as days, whose rows are alike; rows are independent when None.
    """
    positive, score = np.asarray(positive, dtype=bool), floats(score)
    if _one_class(positive) or not np.isfinite(score).all():
        return Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=positive.size)
    above, below = _placements(positive, score)
    area = float(above.mean())
    error = _area_error(positive, above, below, blocks=blocks)
    if error < 1e-9 or area in (0.0, 1.0):
        smaller = min(above.size, below.size)
        span = wilson(round(area * smaller), smaller, level)
        return Interval(value=area, low=span.low, high=span.high, level=level, n=positive.size)
    logit = np.log(area / (1 - area))
    half = _critical(level, blocks) * error / (area * (1 - area))
    low, high = (float(1 / (1 + np.exp(-(logit + side * half)))) for side in (-1, 1))
    return Interval(value=area, low=low, high=high, level=level, n=positive.size)


def auc_difference(
    positive: Bools, score: Floats, other: Floats, *, level: float = 0.95, blocks: AnyArray | None = None
) -> Interval:
    """Interval of AUC(`score`) - AUC(`other`) on the same rows (DeLong and others 1988).

    It has no width where both rank all rows alike.

    Args:
        positive: (n,) bool.
        score: (n,) finite.
        other: (n,) finite.
        level: Confidence.
        blocks: (n,) names of blocks, such as days, whose rows are alike; rows are independent when None.
    """
    positive, score, other = np.asarray(positive, dtype=bool), floats(score), floats(other)
    if _one_class(positive) or not (np.isfinite(score).all() and np.isfinite(other).all()):
        return Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=positive.size)
    above_a, below_a = _placements(positive, score)
    above_b, below_b = _placements(positive, other)
    above, below = above_a - above_b, below_a - below_b
    value = float(above.mean())
    half = _critical(level, blocks) * _area_error(positive, above, below, blocks=blocks)
    return Interval(value=value, low=value - half, high=value + half, level=level, n=positive.size)


def _resamples(n: int, blocks: AnyArray | None, rng: np.random.Generator) -> Callable[[], NDArray[np.intp]]:
    if blocks is None:
        return lambda: rng.integers(0, n, size=n)
    order = np.argsort(blocks, kind="stable")
    _, starts = np.unique(np.asarray(blocks)[order], return_index=True)
    groups = np.split(order, starts[1:])
    return lambda: np.concatenate([groups[i] for i in rng.integers(0, len(groups), size=len(groups))])


def _percentile(value: float, draws: Floats, *, level: float, n: int) -> Interval:
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or defined.size < (1 - _MOST_UNDEFINED) * draws.size:
        return Interval(value=value, low=_NAN, high=_NAN, level=level, n=n)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=value, low=float(low), high=float(high), level=level, n=n)


def _bootstrap(
    statistic: Callable[[NDArray[np.intp]], float],
    n: int,
    *,
    rng: np.random.Generator,
    blocks: AnyArray | None,
    level: float,
    resamples: int,
) -> Interval:
    if n == 0 or (blocks is not None and np.unique(blocks).size < 2):
        value = statistic(np.arange(n)) if n else _NAN
        return Interval(value=value, low=_NAN, high=_NAN, level=level, n=n)
    draw = _resamples(n, blocks, rng)
    draws = floats([statistic(draw()) for _ in range(resamples)])
    span = _percentile(statistic(np.arange(n)), draws, level=level, n=n)
    widening = _critical(level, blocks) / normal_quantile(level)
    return Interval(
        value=span.value,
        low=span.value - widening * (span.value - span.low),
        high=span.value + widening * (span.high - span.value),
        level=level,
        n=n,
    )


def bootstrap_interval(
    metric: RowMetric,
    label: AnyArray,
    score: Floats,
    *,
    rng: np.random.Generator,
    blocks: AnyArray | None = None,
    level: float = 0.95,
    resamples: int = 500,
) -> Interval:
    """Percentile bootstrap of any metric (Efron 1979).

    Args:
        metric: `(label, score) -> float`.
        label: (n,).
        score: (n,) or (n, k).
        rng: Where the resamples come from; the same generator state gives the same interval.
        blocks: (n,) names of blocks, such as days, drawn whole where rows within one are alike; None draws rows. Few
            blocks are told apart from many by widening the interval to Student's.
        level: Confidence.
        resamples: How many; 500 give bounds good to about a tenth of the interval's width.
    """
    label = np.asarray(label)
    return _bootstrap(
        lambda rows: metric(label[rows], score[rows]),
        label.shape[0],
        rng=rng,
        blocks=blocks,
        level=level,
        resamples=resamples,
    )


def bootstrap_difference(
    metric: RowMetric,
    label: AnyArray,
    scores: tuple[Floats, Floats],
    *,
    rng: np.random.Generator,
    blocks: AnyArray | None = None,
    level: float = 0.95,
    resamples: int = 500,
) -> Interval:
    """Interval of metric(first of `scores`) - metric(second), both on the same resampled rows.

    The other arguments are those of `bootstrap_interval`.
    """
    label = np.asarray(label)
    first, second = scores
    return _bootstrap(
        lambda rows: metric(label[rows], first[rows]) - metric(label[rows], second[rows]),
        label.shape[0],
        rng=rng,
        blocks=blocks,
        level=level,
        resamples=resamples,
    )


def pseudo_values(metric: RowMetric, label: AnyArray, score: Floats, *, blocks: AnyArray) -> tuple[float, Floats]:
    """A metric, and what each block says of it (Quenouille, Tukey 1958): their mean is the metric, nearly.

    The value of a block is `metric + (n_blocks - 1) * (metric - metric without the block)`; for a mean it is the
    block's own mean. NaN where the metric is undefined without the block.

    Args:
        metric: `(label, score) -> float`.
        label: (n,).
        score: (n,) or (n, k).
        blocks: (n,) names of blocks, ascending.

    Returns:
        The metric of all rows, and (n_blocks,) values in the blocks' order.
    """
    label = np.asarray(label)
    _, starts = np.unique(np.asarray(blocks), return_index=True)
    ends = np.append(starts[1:], label.shape[0])
    whole = metric(label, score)
    without = [
        metric(np.concatenate((label[:a], label[b:])), np.concatenate((score[:a], score[b:])))
        for a, b in zip(starts, ends, strict=True)
    ]
    return whole, whole + (starts.size - 1) * (whole - floats(without))


def jackknife_interval(
    metric: RowMetric, label: AnyArray, score: Floats, *, blocks: AnyArray, level: float = 0.95
) -> Interval:
    """Interval of any smooth metric over blocks whose rows are alike, by the jackknife with Student's critical value.

    It asks the metric once a block where the bootstrap asks 500 times. Unknown with fewer than two blocks, or where the
    metric is undefined without one of them. The arguments are those of `pseudo_values`.
    """
    n = int(np.asarray(label).shape[0])
    if n == 0 or np.unique(blocks).size < 2:
        value = metric(np.asarray(label), score) if n else _NAN
        return Interval(value=value, low=_NAN, high=_NAN, level=level, n=n)
    value, pseudo = pseudo_values(metric, label, score, blocks=blocks)
    half = _critical(level, blocks) * float(pseudo.std(ddof=1)) / float(np.sqrt(pseudo.size))
    return Interval(value=value, low=value - half, high=value + half, level=level, n=n)
