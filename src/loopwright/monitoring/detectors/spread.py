"""Has the spread of a number changed? A rank test of how far values lie from the middle of the reference."""

import numpy as np

from loopwright.monitoring.blocks import positions_of
from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.two_sample import binned_ranks

_STEPS = 64
"""Distances from the middle that are told apart."""
_LEAST_BINS = 5
"""Occupied bins under which a spread says no more than the place does."""
_MOST = 9.99


class SpreadShift:
    """The effect is the log of the ratio of scales of two normal columns about one middle that compare as these do.

    Ranks of distances as in the test of Ansari and Bradley (1960); for such columns P(|Y| > |X|) is
    2 / pi * atan(ratio).
    """

    name = "spread"
    family: Family | None = "spread"

    def __init__(self, floor: float = 0.06) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Numbers of more than a few values."""
        return column.bins.ordered and sum(count > 0 for count in column.counts[:-1]) >= _LEAST_BINS

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        known = floats(column.counts)[:-1]
        far = np.round(np.abs(floats(positions_of(known)) - 0.5) * 2 * _STEPS).astype(np.int64)
        found = binned_ranks(
            _folded(known, far) * sample.worth_reference, _folded(sample.counts[:-1], far) * sample.worth_current
        )
        ratio = np.tan(np.pi / 2 * np.clip(found.effect, 1e-4, 1 - 1e-4))
        change = float(np.clip(np.log(ratio), -_MOST, _MOST))
        return Measure(effect=change, p_value=found.p_value, said=f"spread x{np.exp(change):.2f}")


def _folded(counts: Floats, far: np.ndarray) -> Floats:
    return floats(np.bincount(far, weights=counts, minlength=_STEPS + 1))
