"""Rows pushed by an API: refused whole or kept durably, read at once, landed exactly once.

A push is one row of the table `push.NAME`, so a batch is there whole or not at all. The landing that turns pushes into
a part writes down, in the same ledger commit, which batches it took: a cursor, and the batch ids of the day before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
import polars as pl

from loopwright.core.clock import Micros, parse_duration
from loopwright.core.codec import plain as decode
from loopwright.core.codec import to_json
from loopwright.core.ids import random_id
from loopwright.data.coercion import convert, plain, shown
from loopwright.data.column_types import schema_of, types_in, types_of
from loopwright.data.contract import refuse
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.failure import FIRST, Failure
from loopwright.data.parts import current
from loopwright.data.rules import broken_rules, types_for
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores

CURSOR_KIND = "push_cursor"
_OVERLAP: Micros = parse_duration("1d")


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far pushes have landed: every batch before `until` minus a day, and of that day the batches named."""

    until: Micros = 0
    batches: dict[str, Micros] = {}

    def record(self, name: str, *, at: Micros) -> Record:
        return Record(kind=CURSOR_KIND, id=name, data=msgspec.to_builtins(self), at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlanded:
    """Pushed rows that no version has yet.

    Attributes:
        frame: The rows, with `_known_at`; no columns where there are none.
        cursor: What the cursor is once these have landed.
        batches: How many pushes they came in.
        key, known_at: The columns that the dataset declared when the last of them was pushed.
    """

    frame: pl.DataFrame
    cursor: Cursor
    batches: int
    key: str | None = None
    known_at: str | None = None


def push(
    stores: Stores, dataset: Dataset, rows: Sequence[Mapping[str, Any]], *, known_at: Micros, batch: str | None = None
) -> int:
    """Keep rows that somebody sent, durably, before they are landed.

    Args:
        stores: The home's stores.
        dataset: Whose contract the rows must satisfy; one bad row refuses them all.
        rows: JSON objects. Times are ISO 8601 text or microseconds since the epoch.
        known_at: When the rows became known.
        batch: A name of the sender's own; a batch of the same name that arrives again within a day counts once.

    Returns:
        How many rows were kept.

    Raises:
        MissingColumnError, ContractError, DuplicateKeyError: Nothing was kept.
    """
    if not rows:
        return 0
    frame = checked_rows(stores, dataset, rows)
    row = {
        "at": max(known_at, _cursor(stores, dataset.name).until),
        "known_at": known_at,
        "count": len(rows),
        "batch": batch or random_id("push"),
        "rows": to_json(frame.to_dicts()).decode(),
        "schema": to_json(schema_of(frame)).decode(),
        "key": dataset.key,
        "known_at_column": dataset.known_at,
    }
    stores.tables.append(f"push.{dataset.name}", [row])
    return len(rows)


def checked_rows(stores: Stores, dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """JSON objects as a frame (n_rows, n_columns) that satisfies the dataset's contract.

    Raises:
        MissingColumnError, ContractError, DuplicateKeyError: It does not; every failure is named.
    """
    times = {column: pl.Datetime("us") for column in (dataset.event_time, dataset.known_at) if column is not None}
    expected = times | types_of(current(stores, dataset.name)) | types_for(dataset)
    frame, failures = frame_of(rows, expected)
    broken_rules(frame, dataset, failures).refuse(lambda position: f"row {position + 1}")
    return frame


def recent_batches(stores: Stores, name: str, since: Micros) -> dict[str, Micros]:
    """The batches pushed to a dataset since an instant: name → when."""
    table = stores.tables.scan(f"push.{name}", columns=["at", "batch"], since=since)
    return dict(zip(table["batch"].to_list(), table["at"].to_list(), strict=True)) if table.height else {}


def waiting_batches(stores: Stores, name: str) -> tuple[str, ...]:
    """Names of the batches that have been pushed and have not landed, sorted; once for each day that one came."""
    cursor = _cursor(stores, name)
    since = cursor.until - _OVERLAP if cursor.until else None
    table = stores.tables.scan(f"push.{name}", columns=["at", "batch"], since=since)
    return tuple(sorted(row["batch"] for row in _new(table, cursor)))


def unlanded(stores: Stores, name: str, expected: Mapping[str, pl.DataType]) -> Unlanded:
    """The pushed rows that no version of the dataset has yet, in the order in which they became known.

    Args:
        stores: The home's stores.
        name: The dataset.
        expected: Types by column; a value that is not of its type refuses the reading (the schema changed since).

    Raises:
        ContractError: Pushed rows no longer fit the types.
    """
    cursor = _cursor(stores, name)
    since = cursor.until - _OVERLAP if cursor.until else None
    table = stores.tables.scan(f"push.{name}", since=since)
    found = _new(table, cursor)
    if not found:
        return Unlanded(frame=pl.DataFrame(), cursor=cursor, batches=0)
    ordered = sorted(found, key=lambda row: int(row["known_at"]))
    until = max(cursor.until, *(int(row["at"]) for row in ordered))
    taken = cursor.batches | {row["batch"]: int(row["at"]) for row in found}
    recent = {batch: at for batch, at in taken.items() if at >= until - _OVERLAP}
    return Unlanded(
        frame=pl.concat(_frames(ordered, expected, name), how="diagonal_relaxed"),
        cursor=Cursor(until=until, batches=recent),
        batches=len(ordered),
        key=ordered[-1].get("key"),
        known_at=ordered[-1].get("known_at_column"),
    )


def frame_of(
    rows: Sequence[Mapping[str, Any]], expected: Mapping[str, pl.DataType]
) -> tuple[pl.DataFrame, list[Failure]]:
    """JSON objects as a frame (n_rows, n_columns), and the values that are not of their column's type."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns: list[pl.Series] = []
    failures: list[Failure] = []
    for name in names:
        column, failure = _column(name, [row.get(name) for row in rows], expected.get(name))
        columns.append(column)
        failures += [failure] if failure else []
    return pl.DataFrame({column.name: column for column in columns}), failures


def _column(name: str, values: list[Any], dtype: pl.DataType | None) -> tuple[pl.Series, Failure | None]:
    empty = pl.Series(name, [None] * len(values), dtype=pl.Null)
    try:
        column = pl.Series(name, values, strict=not _numbers(values))
    except (TypeError, OverflowError, ValueError, pl.exceptions.PolarsError):
        return empty, Failure(column=name, rule="values of one type", rows=len(values))
    if dtype is None:
        return plain(column), None
    if isinstance(dtype, pl.Datetime) and column.dtype.is_integer():
        column, failure = convert(column, pl.Int64())
        if failure is not None:
            return empty, failure
        column = column.cast(pl.Datetime("us"))
    if column.dtype == pl.String and not (dtype == pl.String or dtype.is_temporal() or dtype.is_nested()):
        rows = column.is_not_null().arg_true()
        return empty, Failure(
            column=name,
            rule=f"type {shown(dtype)}, found text",
            rows=len(rows),
            positions=tuple(rows.head(FIRST).to_list()),
        )
    return convert(column, dtype)


def _numbers(values: list[Any]) -> bool:
    """Whether ints and floats alone are mixed, which is no mistake in JSON."""
    return {type(value) for value in values if value is not None} == {int, float}


def _frames(batches: Sequence[Mapping[str, Any]], expected: Mapping[str, pl.DataType], name: str) -> list[pl.DataFrame]:
    """The batches' rows, in their order; batches in a row that were of one schema become one frame."""
    frames = []
    for schema, group in groupby(batches, key=lambda batch: str(batch["schema"])):
        rows: list[dict[str, Any]] = []
        known_at: list[int] = []
        for batch in group:
            rows += decode(batch["rows"])
            known_at += [int(batch["known_at"])] * int(batch["count"])
        frame, failures = frame_of(rows, types_in(decode(schema)) | dict(expected))
        refuse(failures, dataset=name)
        frames.append(frame.with_columns(pl.Series(RESERVED_COLUMN, known_at, dtype=pl.Int64)))
    return frames


def _new(table: pl.DataFrame, cursor: Cursor) -> list[dict[str, Any]]:
    """The pushes that have not landed, oldest first. A batch's name stands for it for a day, and is free then."""
    found, latest = [], dict(cursor.batches)
    for row in table.sort("at", "batch").to_dicts() if table.height else ():
        batch, at = row["batch"], int(row["at"])
        if batch not in latest or at - latest[batch] > _OVERLAP:
            found.append(row)
            latest[batch] = at
    return found


def _cursor(stores: Stores, name: str) -> Cursor:
    record = stores.ledger.record(CURSOR_KIND, name)
    return Cursor() if record is None else msgspec.convert(record.data, Cursor)
