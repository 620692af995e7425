"""How far apart are two distribution functions, at the most? The Kolmogorov-Smirnov distance at the bins' edges."""

from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import floats
from loopwright.stats.distances import ks_binned


class KolmogorovSmirnov:
    """A figure in [0, 1]; its test is that of place and spread, which see slighter moves."""

    name = "ks"
    family: Family | None = None

    def __init__(self, floor: float = 0.05) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Numbers."""
        return column.bins.ordered

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        found = ks_binned(floats(column.counts)[:-1], sample.counts[:-1])
        return Measure(effect=found, said=f"KS {found:.3f}")
