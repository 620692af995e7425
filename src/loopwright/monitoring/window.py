"""What was seen of late, counted over the reference's bins, day by day. Windows add up in any order."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.bins import block_counts
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, Reference
from loopwright.stats.arrays import AnyArray, Floats, floats


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by column, then by day (days since 1970 in UTC), then by bin."""

    columns: dict[str, dict[int, tuple[int, ...]]] = {}

    def total(self, column: str) -> Floats | None:
        """(n_bins,) counts of a column over all its days; None where it was not seen."""
        days = self.columns.get(column)
        return floats(list(days.values())).sum(axis=0) if days else None

    @property
    def days(self) -> tuple[int, ...]:
        """Every day that any column has, ascending."""
        return tuple(sorted({day for days in self.columns.values() for day in days}))

    def since(self, day: int) -> "Window":
        """Only days from `day` on."""
        return Window(
            columns={name: {d: row for d, row in days.items() if d >= day} for name, days in self.columns.items()}
        )


def summarise(columns: Mapping[str, AnyArray], event_time: NDArray[np.int64], reference: Reference) -> Window:
    """Count rows over the reference's bins.

    Args:
        columns: Watched columns by name, (n_rows,) each: numbers with NaN for missing, or category codes with -1.
            `(prediction)` and `(label)` hold what `prediction_values` and `label_values` give; rows where these are NaN
            are left out there. Names that the reference does not have are ignored, and so are features that are absent.
        event_time: (n_rows,) microseconds UTC.
        reference: The model's.
    """
    days = np.asarray(event_time, dtype=np.int64) // DAY
    found: dict[str, dict[int, tuple[int, ...]]] = {}
    for column in reference.columns:
        if column.name not in columns or days.size == 0:
            continue
        values = floats(columns[column.name])
        kept = np.isfinite(values) if column.name in (PREDICTION, LABEL) else np.ones(values.size, dtype=bool)
        found[column.name] = block_counts(column.bins.place(values[kept]), days[kept], column.bins.count)
    return Window(columns=found)


def merge(first: Window, second: Window) -> Window:
    """Both together: counts of the same column and day add up."""
    names = [*first.columns, *(name for name in second.columns if name not in first.columns)]
    return Window(columns={n: _added(first.columns.get(n, {}), second.columns.get(n, {})) for n in names})


def _added(first: Mapping[int, tuple[int, ...]], second: Mapping[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    days = dict(first)
    for day, row in second.items():
        days[day] = tuple(a + b for a, b in zip(days[day], row, strict=True)) if day in days else row
    return days
