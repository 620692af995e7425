"""Means over cases and their differences, with intervals that are quick to have."""

import numpy as np

from loopwright.stats.arrays import Floats, floats
from loopwright.stats.intervals import Interval, normal_quantile

_NAN = float("nan")
_RESAMPLES = 1000
_MOST_DRAWN = 4_000_000
"""Values drawn at once, so that memory stays bounded."""


def mean_interval(values: Floats, *, rng: np.random.Generator, level: float = 0.95) -> Interval:
    """Percentile bootstrap of a mean (Efron 1979), widened from the normal to Student's critical value.

    Unknown with fewer than two values, or where one is not finite. Values that are all alike give no width: whoever
    decides by it asks for enough of them.

    Args:
        values: (n,), one for each independent case; repeats of a case are averaged before.
        rng: Where the resamples come from.
        level: Confidence.
    """
    values = floats(values)
    n = int(values.size)
    mean = float(values.mean()) if n else _NAN
    if n < 2 or not np.isfinite(values).all():
        return Interval(value=mean, low=_NAN, high=_NAN, level=level, n=n)
    low, high = np.quantile(_means(values, rng), [(1 - level) / 2, (1 + level) / 2])
    wide = _student(level, n - 1) / normal_quantile(level)
    return Interval(value=mean, low=mean - wide * (mean - float(low)), high=mean + wide * (float(high) - mean),
                    level=level, n=n)  # fmt: skip


def share_difference(differences: Floats, level: float = 0.95) -> Interval:
    """Interval of a difference of paired shares (Bonett, Price 2012: Wald's with one pair added to each way of
    differing), which has width even where no pair differs.

    Args:
        differences: (n,) in [-1, 1]: 1 where only the first succeeded, -1 where only the second did; fractions where
            several repeats of a case were averaged, which make the interval wider than it need be, never narrower.
        level: Confidence.
    """
    differences = floats(differences)
    n = int(differences.size)
    if n == 0 or not np.isfinite(differences).all():
        return Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=n)
    won = (float(differences[differences > 0].sum()) + 1.0) / (n + 2)
    lost = (float(-differences[differences < 0].sum()) + 1.0) / (n + 2)
    half = normal_quantile(level) * np.sqrt((won + lost - (won - lost) ** 2) / (n + 2))
    low, high = max(won - lost - half, -1.0), min(won - lost + half, 1.0)
    return Interval(value=float(differences.mean()), low=float(low), high=float(high), level=level, n=n)


def sign_test(wins: int, losses: int) -> float:
    """Two-sided p-value of McNemar's exact test (1947): among pairs that differ, either way is as likely. 1 where none
    differs."""
    if wins + losses == 0:
        return 1.0
    from scipy import special

    return float(min(1.0, 2.0 * special.bdtr(min(wins, losses), wins + losses, 0.5)))


def _means(values: Floats, rng: np.random.Generator) -> Floats:
    n = values.size
    rows = max(1, min(_RESAMPLES, _MOST_DRAWN // n))
    drawn = [values[rng.integers(0, n, size=(min(rows, _RESAMPLES - at), n))].mean(axis=1)
             for at in range(0, _RESAMPLES, rows)]  # fmt: skip
    return np.concatenate(drawn)


def _student(level: float, degrees: int) -> float:
    from scipy import special

    return float(special.stdtrit(degrees, 0.5 + level / 2.0))
