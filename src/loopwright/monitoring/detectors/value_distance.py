"""Have a few numbers for each row moved: how sure the answers are, or what the labels say?

For each column two figures: its mean, which falls or rises, and the distance of the distributions (Kolmogorov and
Smirnov), which sees the rest.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.detectors.table_arrays import numbers, ranked
from loopwright.stats.arrays import Floats
from loopwright.stats.distances import ks_distance
from loopwright.stats.exchangeability import Side
from loopwright.stats.two_sample import kolmogorov_smirnov

if TYPE_CHECKING:
    import polars as pl


class ValueDistance:
    """Satisfies `RowMeasure`; the effect is the largest KS distance of a column."""

    name = "values"
    scale = "KS distance"
    least_effect = 0.1
    most_windows = 200

    def sides(self, columns: tuple[str, ...]) -> Mapping[str, Side]:
        """Two figures a column."""
        means: dict[str, Side] = {f"mean({name})": "both" for name in columns}
        distances: dict[str, Side] = {f"distance({name})": "high" for name in columns}
        return means | distances

    def measure(self, base: "pl.DataFrame", window: "pl.DataFrame", *, explain: bool) -> Measured:
        """See `RowMeasure`; p-values of the columns are combined by Bonferroni."""
        there, here = numbers(base), numbers(window)
        names = window.columns
        figures: dict[str, float] = {}
        distances = np.zeros(len(names))
        for place, name in enumerate(names):
            before, now = _known(there[:, place]), _known(here[:, place])
            known = before.size > 0 and now.size > 0
            distances[place] = ks_distance(before, now) if known else np.nan
            figures[f"mean({name})"] = _shift(before, now) if known else float("nan")
            figures[f"distance({name})"] = float(distances[place])
        effect = float(np.nanmax(distances)) if np.isfinite(distances).any() else 0.0
        if not explain:
            return Measured(figures=figures, effect=effect)
        p_values = [kolmogorov_smirnov(there[:, i], here[:, i]).p_value for i in range(len(names))]
        known_p = [p for p in p_values if np.isfinite(p)]
        means = {name: [_mean(there[:, i]), _mean(here[:, i])] for i, name in enumerate(names)}
        return Measured(
            figures=figures,
            effect=effect,
            p_value=min(1.0, min(known_p) * len(known_p)) if known_p else None,
            columns=ranked(names, np.nan_to_num(distances), "distance"),
            details={"means": means},
        )


def _shift(before: Floats, now: Floats) -> float:
    """The move of the mean, in standard deviations of the reference; in the column's own unit where it has none."""
    spread = float(before.std())
    return float(now.mean() - before.mean()) / (spread if spread > 1e-12 else 1.0)


def _known(values: Floats) -> Floats:
    found: Floats = values[np.isfinite(values)]
    return found


def _mean(values: Floats) -> float | None:
    known = _known(values)
    return float(known.mean()) if known.size else None
