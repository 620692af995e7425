"""Do the rows still lie where the reference's principal components say? Sees a changed linear dependence of columns.

Components are fitted on half of the reference's rows; the mean reconstruction error of the window is set against that
of the other half, which the components have not seen either.
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.detectors.table_arrays import numbers, ranked, standardised
from loopwright.stats.arrays import Floats
from loopwright.stats.exchangeability import Side

if TYPE_CHECKING:
    import polars as pl

_VARIANCE_KEPT = 0.65


class PcaReconstruction:
    """Satisfies `RowMeasure`; the effect is how much the mean error changed, as a share of the reference's."""

    name = "pca"
    scale = "change of the reconstruction error, as a share"
    least_effect = 0.05
    most_windows = 200

    def sides(self, columns: tuple[str, ...]) -> Mapping[str, Side]:  # noqa: ARG002 - all columns make one figure
        """One figure; rows that are easier to rebuild than they were are a change, too."""
        return {"error": "both"}

    def measure(self, base: "pl.DataFrame", window: "pl.DataFrame", *, explain: bool) -> Measured:
        """See `RowMeasure`; a column's figure is the change of its own squared error, in variances of the column."""
        if base.height < 2 or window.height == 0:
            return Measured(figures={"error": float("nan")}, effect=0.0)
        known, held, current = _parts(numbers(base), numbers(window))
        components = _components(known)
        there, here = _residuals(held, components), _residuals(current, components)
        usual, now = np.sqrt((there**2).sum(axis=1)), np.sqrt((here**2).sum(axis=1))
        change = float(now.mean() / usual.mean() - 1.0) if usual.mean() > 1e-9 else float(now.mean())
        measured = Measured(figures={"error": change}, effect=abs(change))
        if not explain:
            return measured
        p_value = _welch_p(usual, now)
        moved = np.abs((here**2).mean(axis=0) - (there**2).mean(axis=0))
        return Measured(
            figures=measured.figures,
            effect=measured.effect,
            p_value=p_value,
            columns=ranked(window.columns, moved, "error_change"),
            details={"error": float(now.mean()), "error_reference": float(usual.mean()), "components": len(components)},
        )


def _welch_p(one: Floats, other: Floats) -> float:
    """Chance of such different means without change (Welch 1947), by the normal approximation; 1 where undefined."""
    error = float(np.sqrt(one.var() / one.size + other.var() / other.size))
    if not error > 1e-12:
        return float(one.mean() == other.mean())
    return 2.0 * NormalDist().cdf(-abs(float(one.mean() - other.mean())) / error)


def _parts(base: Floats, window: Floats) -> tuple[Floats, Floats, Floats]:
    """Half of the base to fit, half to hold, and the window, all by the base's mean and spread."""
    base, window = standardised(base, window)
    return base[::2], base[1::2], window


def _components(rows: Floats) -> Floats:
    """(n_components, n_columns): the fewest that keep the share of variance, one at least, never all."""
    _, sizes, axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    kept = np.cumsum(sizes**2) / max(float((sizes**2).sum()), 1e-12)
    count = min(int(np.searchsorted(kept, _VARIANCE_KEPT)) + 1, max(rows.shape[1] - 1, 1))
    found: Floats = axes[:count]
    return found


def _residuals(rows: Floats, components: Floats) -> Floats:
    return rows - (rows @ components.T) @ components
