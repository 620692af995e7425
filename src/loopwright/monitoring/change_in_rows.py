"""When a stream changed that has too few days to tell by: the most likely split of it in parts of equally many rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loopwright.core.clock import Micros
from loopwright.stats.arrays import AnyArray, Floats, floats
from loopwright.stats.change_point import most_likely_change

MOST_PARTS = 60
LEAST_ROWS = 20
"""Rows in a part."""
MOST_LEVELS = 8
_LEAST_GAIN = 10.0
"""Log-likelihood that a change must add; noise in sixty parts and eight series seldom adds as much."""


def change_in_rows(series: Sequence[AnyArray], times: NDArray[np.int64]) -> Micros | None:
    """The event time of the first row after the change; None where no place stands out.

    Args:
        series: (n_rows,) each, in the order of `times`; NaN is no value.
        times: (n_rows,) microseconds, ascending.
    """
    parts = min(MOST_PARTS, len(times) // LEAST_ROWS)
    if parts < 4 or not series:
        return None
    edges = np.linspace(0, len(times), parts + 1).astype(np.int64)[:-1]
    found = most_likely_change(np.column_stack([_means(floats(values), edges) for values in series]))
    return None if found is None or found.gain < _LEAST_GAIN else int(times[edges[found.index]])


def as_series(values: AnyArray, *, coded: bool) -> list[Floats]:
    """A column as what has a mean: a number and whether it is missing, or a share for each of its commonest levels."""
    numbers = floats(values)
    if not coded:
        return [numbers, (~np.isfinite(numbers)).astype(np.float64)]
    levels, counts = np.unique(numbers, return_counts=True)
    return [(numbers == level).astype(np.float64) for level in levels[np.argsort(-counts, kind="stable")][:MOST_LEVELS]]


def _means(values: Floats, edges: NDArray[np.int64]) -> Floats:
    known = np.isfinite(values)
    totals = np.add.reduceat(np.where(known, values, 0.0), edges)
    counts = np.add.reduceat(known.astype(np.float64), edges)
    return floats(np.divide(totals, counts, out=np.full(len(edges), np.nan), where=counts > 0))
