"""Two tables, compared: what is in one and not in the other, then the report rule on every column and pair.

No model and no loop are needed: the first table is the reference.
"""

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.bins import MOST_LEVELS, Bins, numeric_bins
from loopwright.monitoring.findings import ColumnFinding, Findings
from loopwright.monitoring.reference import ColumnReference, Reference, counted_column, plain_column, reference_pairs
from loopwright.monitoring.report_rule import Ruling, judge_window
from loopwright.monitoring.sketch import sketch_bytes
from loopwright.monitoring.window import Window, count_blocks
from loopwright.stats.arrays import Floats

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["number", "category", "other"]
_MOST_HISTOGRAMS = 200
_NAMED_LEVELS = 5
_SKETCHED_ROWS = 200_000
_ALL = 0


class TypeChange(msgspec.Struct, frozen=True, kw_only=True):
    """A column whose type differs. `same_kind` where both are numbers, or both are categories: no more than a note."""

    column: str
    reference: str
    current: str
    same_kind: bool


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Plain JSON.

    Attributes:
        rows_reference, rows_current: Of the two tables.
        columns_missing: Columns that only the reference has.
        columns_new: Columns that only the current table has.
        type_changes: Columns of both whose type differs.
        not_compared: Columns of both that are neither numbers nor categories (times, lists, structs), and their types.
        findings: The report rule on all the others; a column that is missing is in it, as absent.
        format_version: Of this struct.
    """

    rows_reference: int
    rows_current: int
    columns_missing: tuple[str, ...]
    columns_new: tuple[str, ...]
    type_changes: tuple[TypeChange, ...]
    not_compared: dict[str, str]
    findings: Findings
    format_version: int = 1

    @property
    def same_schema(self) -> bool:
        """Whether both have the same columns of the same kinds."""
        changed = any(not change.same_kind for change in self.type_changes)
        return not (self.columns_missing or self.columns_new or changed)


class _Levels(msgspec.Struct, frozen=True, kw_only=True):
    """A category of the reference: the code of each of its values, the names of the codes, and how often each was."""

    codes: dict[str, int]
    names: tuple[str, ...]
    counts: tuple[int, ...]
    seen_once: int


def compare(reference: "pl.DataFrame", current: "pl.DataFrame", ruling: Ruling | None = None) -> Comparison:
    """Compare any two tables.

    Numbers are compared as numbers, text and truth values as categories by the reference's type; a number that comes as
    text is read where it can be. Times, lists and structs are named and left out.

    Args:
        reference: What was.
        current: What is.
        ruling: How the report rule is set.
    """
    kinds = {name: kind_of(dtype) for name, dtype in reference.schema.items()}
    watched = [name for name, kind in kinds.items() if kind != "other"]
    both = [name for name in watched if name in current.columns]
    columns: list[ColumnReference] = []
    numbers: dict[str, Floats] = {}
    levels: dict[str, _Levels] = {}
    for name in watched:
        if kinds[name] == "number":
            numbers[name] = numbers_of(reference[name])
            bins = numeric_bins(numbers[name])
            columns.append(plain_column(name, numbers[name], bins.place(numbers[name]), bins=bins))
        else:
            levels[name] = _levels_of(reference[name])
            columns.append(_category(name, reference[name], levels[name]))
    pairs, all_pairs = reference_pairs(numbers, {column.name: column.cuts for column in columns})
    made = Reference(
        task="regression",
        columns=tuple(columns),
        quality={},
        rows=reference.height,
        blocks=0,
        timed=False,
        pairs=pairs,
        all_pairs=all_pairs,
    )
    numbers.clear()
    window = _window(made, current, both, levels=levels)
    findings = judge_window(made, window, ruling)
    return Comparison(
        rows_reference=reference.height,
        rows_current=current.height,
        columns_missing=tuple(name for name in reference.columns if name not in current.columns),
        columns_new=tuple(name for name in current.columns if name not in kinds),
        type_changes=_type_changes(reference, current),
        not_compared={
            name: str(reference.schema[name]) for name in kinds if kinds[name] == "other" and name in current.columns
        },
        findings=_with_names(findings, current, levels),
    )


def kind_of(dtype: "pl.DataType") -> Kind:
    """How columns of a type are compared."""
    import polars as pl

    if dtype.is_numeric():
        return "number"
    return "category" if dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Null) else "other"


def numbers_of(values: "pl.Series") -> Floats:
    """(n,) NaN for missing, and for what is no number."""
    import polars as pl

    if values.dtype.is_temporal():
        values = values.to_physical()
    return values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def _levels_of(values: "pl.Series") -> _Levels:
    ranked = _value_counts(values).sort(["n", "level"], descending=[True, False])
    names, counts = ranked["level"].to_list(), ranked["n"].to_list()
    apart = MOST_LEVELS if len(names) <= MOST_LEVELS else MOST_LEVELS - 1
    rare = len(names) - apart
    return _Levels(
        codes={name: min(rank, apart) for rank, name in enumerate(names)},
        names=(*names[:apart], f"{rare} rare levels") if rare > 0 else tuple(names),
        counts=(*counts[:apart], sum(counts[apart:])) if rare > 0 else tuple(counts),
        seen_once=counts.count(1),
    )


def _value_counts(values: "pl.Series") -> "pl.DataFrame":
    """Known values as text, `level`, and how often each is there, `n`; in no order."""
    import polars as pl

    return values.alias("level").drop_nulls().value_counts(name="n").with_columns(pl.col("level").cast(pl.String))


def _category(name: str, values: "pl.Series", levels: _Levels) -> ColumnReference:
    bins = Bins(bin_of_code=tuple(range(len(levels.names))), unseen=True)
    counts = np.asarray([*levels.counts, 0, values.null_count()], dtype=np.float64)
    return msgspec.structs.replace(counted_column(name, counts, bins), levels=levels.names, seen_once=levels.seen_once)


def _level_counts(values: "pl.Series", levels: _Levels) -> tuple[int, ...]:
    """Rows of each level of the reference, of levels that it does not have, and without a value."""
    found = _value_counts(values)
    counts = [0] * (len(levels.names) + 1)
    for level, n in zip(found["level"].to_list(), found["n"].to_list(), strict=True):
        counts[levels.codes.get(level, -1)] += n
    return (*counts, values.null_count())


def _window(reference: Reference, current: "pl.DataFrame", names: list[str], *, levels: dict[str, _Levels]) -> Window:
    blocks: NDArray[np.int64] = np.full(current.height, _ALL, dtype=np.int64)
    columns: dict[str, Floats] = {}
    misfits: dict[str, dict[int, int]] = {}
    sketches: dict[str, dict[int, bytes]] = {}
    categories: dict[str, dict[int, tuple[int, ...]]] = {}
    for name in names:
        if name in levels:
            categories[name] = {_ALL: _level_counts(current[name], levels[name])}
            continue
        columns[name] = numbers_of(current[name])
        unread = int(np.isnan(columns[name]).sum()) - current[name].null_count() - _nan_count(current[name])
        misfits[name] = {_ALL: max(unread, 0)}
        sketches[name] = {_ALL: sketch_bytes(_some(columns[name]))}
    counted = count_blocks(columns, blocks, reference)
    return msgspec.structs.replace(counted, columns=counted.columns | categories, misfits=misfits, sketches=sketches)


def _some(values: Floats) -> Floats:
    """Enough of the values for quantiles that a report shows."""
    if values.size <= _SKETCHED_ROWS:
        return values
    return values[np.random.default_rng(0).integers(0, values.size, size=_SKETCHED_ROWS)]


def _nan_count(values: "pl.Series") -> int:
    return int(values.is_nan().sum()) if values.dtype.is_float() else 0


def _type_changes(reference: "pl.DataFrame", current: "pl.DataFrame") -> tuple[TypeChange, ...]:
    return tuple(
        TypeChange(
            column=name,
            reference=str(before),
            current=str(current.schema[name]),
            same_kind=kind_of(before) == kind_of(current.schema[name]) != "other",
        )
        for name, before in reference.schema.items()
        if name in current.columns and current.schema[name] != before
    )


def _with_names(findings: Findings, current: "pl.DataFrame", levels: dict[str, _Levels]) -> Findings:
    """With the names of new levels, and with histograms of the first columns only."""
    columns = []
    for place, column in enumerate(findings.columns):
        shown = column if place < _MOST_HISTOGRAMS else msgspec.structs.replace(column, histogram=None)
        columns.append(_named(shown, current, levels.get(column.column)))
    return msgspec.structs.replace(findings, columns=tuple(columns))


def _named(column: ColumnFinding, current: "pl.DataFrame", levels: _Levels | None) -> ColumnFinding:
    import polars as pl

    if levels is None or not any(e.statistic == "new_levels" and e.effect and e.effect > 0 for e in column.effects):
        return column
    counted = _value_counts(current[column.column])
    new = counted.filter(~pl.col("level").is_in(list(levels.codes))).sort(["n", "level"], descending=[True, False])
    return msgspec.structs.replace(column, new_levels=tuple(new["level"].head(_NAMED_LEVELS).to_list()))
