"""The Jensen-Shannon distance over all bins, missing values among them."""

from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import floats
from loopwright.stats.distances import jensen_shannon


class JensenShannon:
    """A figure in [0, 1]."""

    name = "jensen_shannon"
    family: Family | None = None

    def __init__(self, floor: float = 0.1) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:  # noqa: ARG002 - every column has bins
        """All columns."""
        return True

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        found = jensen_shannon(floats(column.counts), sample.counts)
        return Measure(effect=found, said=f"JS {found:.3f}")
