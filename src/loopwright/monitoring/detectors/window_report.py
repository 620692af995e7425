"""The report rule: which columns of this window look moved. It colours a report and opens nothing.

A column is called moved when the effect is worth a look (total variation distance at the floor or above) *and* the
difference is not chance (chi-square over the bins, Holm over the columns). The p-values take rows for independent; on
streams where they are not, the floor on the effect is what keeps the report quiet.
"""

from typing import Any

import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.reference import ColumnReference, Reference
from loopwright.monitoring.window import Window, merge
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.distances import jensen_shannon, psi, total_variation
from loopwright.stats.multiple_testing import holm
from loopwright.stats.two_sample import chi_square


class WindowReport:
    """See the module; satisfies `DriftDetector[Window]`: its state is the window so far.

    Args:
        reference: The model's.
        effect: Total variation distance from which a column may be called moved.
        alpha: Chance of calling any column moved that is not.
        columns: Names to report; all of the reference's when None.
        name: Of its verdicts.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        effect: float = 0.1,
        alpha: float = 0.01,
        columns: tuple[str, ...] | None = None,
        name: str = "drift_report",
    ) -> None:
        self._columns = [c for c in reference.columns if columns is None or c.name in columns]
        self._effect = effect
        self._alpha = alpha
        self._name = name

    def start(self, *, after: int | None = None) -> Window:  # noqa: ARG002 - a report takes any day
        """An empty window."""
        return Window()

    def update(self, state: Window, window: Window, *, through: int) -> Window:
        """The days before `through` that the state did not have yet of a column, added."""
        fresh = {
            name: {day: row for day, row in days.items() if day < through and day not in state.columns.get(name, {})}
            for name, days in window.columns.items()
        }
        return merge(state, Window(columns={name: days for name, days in fresh.items() if days}))

    def verdict(self, state: Window) -> Verdict:
        """Warn when any column is called moved; never fail."""
        rows = [(column, total) for column in self._columns if (total := state.total(column.name)) is not None]
        compared = [(column, total) for column, total in rows if total.sum() > 0]
        if not compared:
            return Verdict(check=self._name, outcome=Outcome.UNKNOWN, reason="the window has no rows")
        adjusted = holm(floats([chi_square(floats(c.counts), total).p_value for c, total in compared]))
        found = [
            self._described(column, total, float(p)) for (column, total), p in zip(compared, adjusted, strict=True)
        ]
        found.sort(key=lambda entry: -entry["total_variation"])
        moved = [entry["column"] for entry in found if entry["moved"]]
        return Verdict(
            check=self._name,
            outcome=Outcome.WARN if moved else Outcome.PASS,
            reason=f"{', '.join(moved)} look moved" if moved else f"none of {len(found)} columns looks moved",
            value=found[0]["total_variation"],
            threshold=self._effect,
            n=max(int(total.sum()) for _, total in compared),
            details={"columns": found, "alpha": self._alpha},
        )

    def reset(self, state: Window) -> Window:  # noqa: ARG002 - nothing stays
        """An empty window."""
        return Window()

    def _described(self, column: ColumnReference, total: Floats, p_value: float) -> dict[str, Any]:
        reference = floats(column.counts)
        effect = total_variation(reference, total)
        return {
            "column": column.name,
            "moved": bool(effect >= self._effect and p_value <= self._alpha),
            "total_variation": effect,
            "p_value_holm": p_value if np.isfinite(p_value) else None,
            "psi": psi(reference, total),
            "jensen_shannon": jensen_shannon(reference, total),
            "missing_share": float(total[-1] / total.sum()),
            "missing_share_reference": float(reference[-1] / reference.sum()) if reference.sum() else None,
            "rows": int(total.sum()),
        }
