"""Agreement of two raters beyond what chance gives."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loopwright.stats.intervals import Interval, normal_quantile

_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How two raters agree.

    Attributes:
        kappa: Cohen's (1960); NaN where both gave one and the same label throughout, so that chance explains all.
        share: Items on which they agree.
        confusion: How often the first said this and the second that.
        n: Items.
    """

    kappa: Interval
    share: float
    confusion: dict[tuple[str, str], int]
    n: int


def cohens_kappa(first: Sequence[str], second: Sequence[str], *, level: float = 0.95) -> Agreement:
    """Cohen's kappa (1960) with the large-sample interval of Fleiss, Cohen and Everitt (1969).

    Args:
        first: (n,) labels by one rater.
        second: (n,) by the other, of the same items in the same order.
        level: Confidence.
    """
    pairs = Counter(zip(first, second, strict=True))
    n = len(first)
    if n == 0:
        unknown = Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=0)
        return Agreement(kappa=unknown, share=_NAN, confusion={}, n=0)
    labels = sorted({*first, *second})
    table = np.array([[pairs.get((a, b), 0) for b in labels] for a in labels], dtype=np.float64) / n
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed, chance = float(np.trace(table)), float(rows @ columns)
    confusion = dict(sorted(pairs.items()))
    if chance >= 1.0 - 1e-12:
        unknown = Interval(value=_NAN, low=_NAN, high=_NAN, level=level, n=n)
        return Agreement(kappa=unknown, share=observed, confusion=confusion, n=n)
    kappa = (observed - chance) / (1.0 - chance)
    half = normal_quantile(level) * _error(table, rows, columns, kappa=kappa) / np.sqrt(n)
    low, high = max(-1.0, kappa - half), min(1.0, kappa + half)
    span = Interval(value=kappa, low=float(low), high=float(high), level=level, n=n)
    if observed >= 1.0 - 1e-12:
        span = Interval(value=1.0, low=_NAN, high=_NAN, level=level, n=n)
    return Agreement(kappa=span, share=observed, confusion=confusion, n=n)


def _error(table: np.ndarray, rows: np.ndarray, columns: np.ndarray, *, kappa: float) -> float:
    """The standard error times the root of n (Fleiss, Cohen, Everitt 1969, formula 13)."""
    chance = float(rows @ columns)
    both = rows[None, :] + columns[:, None]
    diagonal = np.diag(table)
    agreed = float(np.sum(diagonal * (1.0 - (rows + columns) * (1.0 - kappa)) ** 2))
    apart = (1.0 - kappa) ** 2 * float(np.sum(table * both**2) - np.sum(diagonal * (rows + columns) ** 2))
    whole = agreed + apart - (kappa - chance * (1.0 - kappa)) ** 2
    return float(np.sqrt(max(whole, 0.0)) / (1.0 - chance))
