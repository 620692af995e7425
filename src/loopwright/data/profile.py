"""A column-by-column description of a table, small enough to keep beside every version.

A profile holds levels of categories, which are row content: it is a blob or a report, never journal data.
"""

from typing import Any

import msgspec
import polars as pl

from loopwright.core.clock import Micros
from loopwright.data.coercion import shown
from loopwright.data.dataset import RESERVED_COLUMN
from loopwright.data.versions import read
from loopwright.store.open_stores import Stores

PROBABILITIES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
_TOP = 10
_LEVEL_CHARACTERS = 80


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A frequent value and how many rows have it. A long value is cut."""

    value: str
    rows: int


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Attributes:
        distinct: Different values, null not counted.
        nan: Floats that are not a number; they count in no quantile.
        mean, std: Of numbers; times and texts have none.
        quantiles: At 0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1 (nearest rank), of numbers, and of times in
            microseconds since the epoch; empty otherwise.
        top: The ten most frequent values of texts, booleans, and whole numbers of at most 50 different values.
    """

    name: str
    type: str
    nulls: int
    distinct: int
    nan: int = 0
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[float, ...] = ()
    top: tuple[Level, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A table: its rows and its columns, in order."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    format_version: int = 1

    def column(self, name: str) -> ColumnProfile | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


def profile(stores: Stores, name: str, *, version: str | None = None, known_at: Micros | None = None) -> Profile:
    """The profile of a dataset version as of a known-at time; arguments and errors as `versions.read`."""
    return profile_frame(read(stores, name, version=version, known_at=known_at).drop(RESERVED_COLUMN))


def profile_frame(frame: pl.DataFrame) -> Profile:
    """The profile of a frame (n_rows, n_columns)."""
    return Profile(rows=frame.height, columns=tuple(_column(series) for series in frame))


def _column(series: pl.Series) -> ColumnProfile:
    present = series.drop_nulls()
    facts: dict[str, Any] = {}
    if series.dtype.is_nested() or series.dtype == pl.Object:
        distinct = 0
    else:
        distinct = present.n_unique()
        facts = _numbers(present) | _levels(present, distinct)
    return ColumnProfile(
        name=series.name, type=shown(series.dtype), nulls=series.null_count(), distinct=distinct, **facts
    )


def _numbers(present: pl.Series) -> dict[str, Any]:
    time = present.dtype.is_temporal()
    if not (present.dtype.is_numeric() or time):
        return {}
    values = present.cast(pl.Datetime("us")).to_physical() if present.dtype == pl.Date else present.to_physical()
    values = values.cast(pl.Float64)
    finite = values.filter(values.is_not_nan())
    if len(finite) == 0:
        return {"nan": len(values)}
    sorted_values = finite.sort()
    last = len(sorted_values) - 1
    facts: dict[str, Any] = {
        "nan": len(values) - len(finite),
        "quantiles": tuple(float(sorted_values[round(p * last)]) for p in PROBABILITIES),
    }
    return facts if time else facts | {"mean": finite.mean(), "std": finite.std()}


def _levels(present: pl.Series, distinct: int) -> dict[str, Any]:
    told = present.dtype in (pl.String, pl.Boolean) or (present.dtype.is_integer() and distinct <= 50)
    if not told or len(present) == 0:
        return {}
    counts = (
        present.alias("value").value_counts(name="rows").sort(["rows", "value"], descending=[True, False]).head(_TOP)
    )
    return {"top": tuple(Level(value=str(value)[:_LEVEL_CHARACTERS], rows=rows) for value, rows in counts.iter_rows())}
