"""Is a value missing more or less often? Fisher's exact test, mid-p."""

import numpy as np

from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import LABEL, PREDICTION, ColumnReference
from loopwright.stats.two_sample import shares_p_value


class MissingShare:
    """The effect is the difference of the shares of rows without a value."""

    name = "missing"
    family: Family | None = "missing"

    def __init__(self, floor: float = 0.01) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Features; of answers and labels only the known ones are counted."""
        return column.name not in (PREDICTION, LABEL)

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        m, n = float(sum(column.counts)), float(sample.counts.sum())
        before, now = column.counts[-1] / m, float(sample.counts[-1]) / n
        p_value = shares_p_value(
            (np.asarray([column.counts[-1] * sample.worth_reference]), np.asarray([m * sample.worth_reference])),
            (np.asarray([sample.counts[-1] * sample.worth_current]), np.asarray([n * sample.worth_current])),
        )
        return Measure(effect=now - before, p_value=float(p_value[0]), said=f"missing {before:.1%} → {now:.1%}")
