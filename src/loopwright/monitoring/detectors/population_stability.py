"""The population stability index over all bins, missing values among them."""

from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import floats
from loopwright.stats.distances import psi


class PopulationStability:
    """A figure: 0.1 and 0.25 are the usual marks. Of few rows it is large without any drift; so it is no test."""

    name = "psi"
    family: Family | None = None

    def __init__(self, floor: float = 0.1) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:  # noqa: ARG002 - every column has bins
        """All columns."""
        return True

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        found = psi(floats(column.counts), sample.counts)
        return Measure(effect=found, said=f"PSI {found:.3f}")
