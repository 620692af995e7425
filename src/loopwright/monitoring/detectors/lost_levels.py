"""Are levels gone that the reference has?"""

import numpy as np

from loopwright.monitoring.detectors.level_bins import level_count, level_name, levels_before
from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.two_sample import shares_p_value

_NAMED = 3


class LostLevels:
    """The effect is the share that the levels without a row had in the reference; each level has its exact test."""

    name = "lost_levels"
    family: Family | None = "levels"

    def __init__(self, floor: float = 0.01) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Categories."""
        return not column.bins.ordered

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        n_levels = level_count(column)
        before, now = levels_before(column), sample.counts[:n_levels]
        m, n = float(sum(column.counts[:-1])), float(sample.counts[:-1].sum())
        if m == 0 or n == 0:
            return Measure(effect=float("nan"), said="no values on one side")
        gone = np.flatnonzero((now == 0) & (before > 0))
        if gone.size == 0:
            return Measure(effect=0.0, p_value=1.0, said="no level lost")
        held = before[gone] * sample.worth_reference
        found = shares_p_value(
            (held, np.full(gone.size, m * sample.worth_reference)),
            (np.zeros(gone.size), np.full(gone.size, n * sample.worth_current)),
        )
        known = found[np.isfinite(found)]  # a level too rare on both sides has no test
        least = float(known.min()) if known.size else float("nan")
        ranked = gone[np.argsort(-before[gone])]
        named = ", ".join(level_name(column, int(place)) for place in ranked[:_NAMED])
        return Measure(
            effect=float(before[gone].sum() / m),
            p_value=float(np.minimum(least * max(int((before > 0).sum()), 1), 1.0)),
            said=f"lost {named}" + (f" and {ranked.size - _NAMED} more" if ranked.size > _NAMED else ""),
        )
