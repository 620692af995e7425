"""Has the place of a number moved? Mann and Whitney's rank test from binned counts."""

import numpy as np

from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import floats
from loopwright.stats.two_sample import binned_ranks

_MOST = 9.99
"""Shifts are capped here: all of one side beyond all of the other."""


class PlaceShift:
    """The effect is the shift, in standard deviations, of two normal columns that overlap as much as these do."""

    name = "place"
    family: Family | None = "place"

    def __init__(self, floor: float = 0.06) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Numbers."""
        return column.bins.ordered

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        from scipy import special

        found = binned_ranks(
            floats(column.counts)[:-1] * sample.worth_reference, sample.counts[:-1] * sample.worth_current
        )
        shift = float(np.clip(np.sqrt(2.0) * special.ndtri(found.effect), -_MOST, _MOST))
        return Measure(effect=shift, p_value=found.p_value, said=f"place {shift:+.2f} sd")
