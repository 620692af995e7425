"""The best rows of scores, and one ranking made of two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import AnyArray

Rows = NDArray[np.int64]
RECIPROCAL_K = 60
"""Cormack, Clarke, Buettcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods"."""


def best(scores: AnyArray, limit: int, *, rows: AnyArray | None = None) -> Rows:
    """Places of the highest scores, best first; of equal ones the first.

    Args:
        scores: (n,).
        limit: How many at most.
        rows: (n,) what the places are called, ascending; 0 to n - 1 where None.
    """
    count = min(limit, scores.shape[0])
    if count <= 0:
        return np.empty(0, np.int64)
    least = np.partition(scores, scores.shape[0] - count)[scores.shape[0] - count]
    above = np.flatnonzero(scores > least)
    level = np.flatnonzero(scores == least)[: count - above.size]
    places = np.sort(np.concatenate((above, level)))
    ordered = places[np.argsort(-scores[places], kind="stable")]
    return ordered.astype(np.int64) if rows is None else rows[ordered].astype(np.int64)


def fused(rankings: Sequence[Rows], limit: int, *, k: int = RECIPROCAL_K) -> tuple[Rows, NDArray[np.float64]]:
    """Reciprocal rank fusion: a row's score is the sum of 1 / (k + its rank) over the rankings that hold it.

    Args:
        rankings: Rows, best first, without repeats.
        limit: How many rows at most.
        k: How little the first places count beside the next.

    Returns:
        (m,) rows, best first, of equal ones the lower; (m,) their scores.
    """
    rows, where = np.unique(np.concatenate([*rankings, np.empty(0, np.int64)]), return_inverse=True)
    parts = [1.0 / (k + 1.0 + np.arange(ranking.size)) for ranking in rankings]
    scores = np.bincount(where, weights=np.concatenate([*parts, np.empty(0)]), minlength=rows.size)
    order = best(scores, limit)
    return np.asarray(rows[order], np.int64), np.asarray(scores[order], np.float64)
