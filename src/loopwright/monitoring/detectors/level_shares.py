"""Have the shares of a category's levels changed? Chi-square where counts are ample, exact tests where they are not."""

import numpy as np

from loopwright.monitoring.detectors.level_bins import level_count, level_name, levels_before
from loopwright.monitoring.detectors.statistic import Family, Measure, Sample
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import Floats
from loopwright.stats.distances import total_variation
from loopwright.stats.two_sample import chi_square, shares_p_value

_AMPLE = 50.0
"""Expected count from which a level enters the chi-square: its tail is right to a factor of two at one in 10,000."""


class LevelShares:
    """The effect is the share of rows whose level would have to be another one (total variation distance)."""

    name = "levels"
    family: Family | None = "shares"

    def __init__(self, floor: float = 0.03) -> None:
        self.floor = floor

    def applies(self, column: ColumnReference) -> bool:
        """Categories."""
        return not column.bins.ordered

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """See `ColumnStatistic.measure`."""
        n_levels = level_count(column)
        before, now = levels_before(column), sample.counts[:n_levels]
        if n_levels == 0 or before.sum() == 0 or now.sum() == 0:
            return Measure(effect=float("nan"), said="no levels on one side")
        moved = now / now.sum() - before / before.sum()
        most = int(np.argmax(np.abs(moved)))
        shares = (before[most] / before.sum(), now[most] / now.sum())
        return Measure(
            effect=total_variation(before, now),
            p_value=_p_value(before * sample.worth_reference, now * sample.worth_current),
            said=f"{level_name(column, most)} {shares[0]:.1%} → {shares[1]:.1%}",
        )


def _p_value(before: Floats, now: Floats) -> float:
    """One chi-square of ample levels and all others together, one exact test a thin level; corrected for how many."""
    m, n = before.sum(), now.sum()
    expected = (before + now) * min(m, n) / (m + n)
    thin = (expected < _AMPLE) & (expected > 0)
    tables = np.stack((before, now))
    pooled = np.concatenate((tables[:, ~thin], tables[:, thin].sum(axis=1, keepdims=True)), axis=1)
    whole = chi_square(pooled[0], pooled[1]).p_value
    exact = shares_p_value((before[thin], np.full(int(thin.sum()), m)), (now[thin], np.full(int(thin.sum()), n)))
    found = np.concatenate(([whole], exact))
    asked = found[np.isfinite(found)]
    return float(min(asked.min() * asked.size, 1.0)) if asked.size else float("nan")
