"""Are there levels that the reference has never seen?"""

import numpy as np

from loopwright.monitoring.detectors.level_bins import level_count
from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.two_sample import shares_p_value


class NewLevels:
    """The effect is the share of known values that are new levels.

    A column of many rare levels always has some new ones: as often as the reference met levels only once (Good 1953).
    The test is against that share.
    """

    name = "new_levels"
    family: Family | None = "levels"

    def __init__(self, floor: float = 0.005) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Categories that count new levels."""
        return not column.bins.ordered and column.bins.unseen

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        place = level_count(column)
        m, n = float(sum(column.counts[:-1])), float(sample.counts[:-1].sum())
        if m == 0 or n == 0:
            return Measure(effect=float("nan"), said="no values on one side")
        expected, share = column.seen_once / m, float(sample.counts[place]) / n
        p_value = shares_p_value(
            (np.asarray([column.seen_once * sample.worth_reference]), np.asarray([m * sample.worth_reference])),
            (np.asarray([sample.counts[place] * sample.worth_current]), np.asarray([n * sample.worth_current])),
        )
        return Measure(effect=share - expected, p_value=float(p_value[0]), said=f"new levels {share:.1%}")
