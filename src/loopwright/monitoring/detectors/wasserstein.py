"""How far has mass to travel from one distribution to the other? In the column's own unit."""

import numpy as np

from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import floats
from loopwright.stats.distances import wasserstein_binned


class Wasserstein:
    """A figure in the column's unit; the effect is that figure in standard deviations of the reference.

    Each bin's mass lies at its mean in the reference; what moves within a bin is not seen.
    """

    name = "wasserstein"
    family: Family | None = None

    def __init__(self, floor: float = 0.1) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Numbers of a reference that keeps the values of its bins."""
        return column.bins.ordered and bool(column.values)

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        known, values = floats(column.counts)[:-1], floats(column.values)
        distance = wasserstein_binned(known, sample.counts[:-1], values)
        mean = float(known @ values / known.sum())
        deviation = float(np.sqrt(known @ (values - mean) ** 2 / known.sum()))
        effect = distance / deviation if deviation > 0 else float("nan")
        return Measure(effect=effect, figure=distance, said=f"moved by {distance:.4g} in its unit")
