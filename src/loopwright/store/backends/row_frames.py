"""JSON lines as columns: one rule for every back end of the table seam."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import to_json
from loopwright.errors import UsageError
from loopwright.store.tables import Row

if TYPE_CHECKING:
    import polars as pl
    from polars.datatypes import DataTypeClass

_ENCODER = msgspec.json.Encoder()
_AT_LIMIT = 1 << 63
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


def checked_table(table: str) -> str:
    """The name, where it is one (it becomes a folder's name).

    Raises:
        UsageError: It is not lower-case letters, digits, `_`, `-` and `.`.
    """
    if not _NAME.fullmatch(table):
        raise UsageError(f"{table!r} is not a name for a table", why="lower-case letters, digits, _, - and . are")
    return table


def to_lines(table: str, rows: Sequence[Row]) -> bytes:
    """The rows as JSON, one line each, with a newline after every one.

    Raises:
        UsageError: A row has no integer `at`, or holds something that JSON cannot say.
    """
    for row in rows:
        at = getattr(row, "at", None) if isinstance(row, msgspec.Struct) else row.get("at")
        if type(at) is not int or not -_AT_LIMIT <= at < _AT_LIMIT:
            raise UsageError(f"a row for {table} has no integer `at`", fix="Give every row its time in microseconds.")
    try:
        return _ENCODER.encode_lines(rows)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            f"a row for {table} is not JSON", why=str(error), fix="Pass plain numbers, strings, lists and objects."
        ) from error


def whole_lines(data: bytes) -> bytes:
    """The data up to its last newline: a line that was being written when its process died is left out."""
    return data[: data.rfind(b"\n") + 1]


def frame_of(data: bytes) -> "pl.DataFrame":
    """Whole JSON lines as a frame; see `Tables.scan` for the columns."""
    import polars as pl

    if not data:
        return pl.DataFrame()
    try:
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except pl.exceptions.PolarsError:
        frame = _column_by_column([msgspec.json.decode(line) for line in data.splitlines()])
    return _storable(frame)


def concatenate(frames: Sequence["pl.DataFrame"]) -> "pl.DataFrame":
    """All rows, with the columns of all frames in one type each; columns that cannot share a type become JSON text."""
    import polars as pl

    filled = [frame for frame in frames if frame.width]
    if not filled:
        return pl.DataFrame()
    kinds = _kinds(filled)
    mixed = [name for name, found in kinds.items() if len(found - {"null"}) > 1]
    if mixed:
        filled = [_as_text(frame, [name for name in mixed if name in frame.columns]) for frame in filled]
    try:
        return pl.concat(filled, how="diagonal_relaxed", rechunk=False)
    except pl.exceptions.PolarsError:
        nested = {name for frame in filled for name, dtype in frame.schema.items() if dtype.is_nested()}
        texts = [_as_text(frame, [name for name in frame.columns if name in nested]) for frame in filled]
        return pl.concat(texts, how="diagonal_relaxed", rechunk=False)


def select(
    frame: "pl.DataFrame", *, columns: Sequence[str] | None, since: Micros | None, until: Micros | None
) -> "pl.DataFrame":
    """Rows with `since <= at < until` and the columns asked for, null where they are not there."""
    import polars as pl

    if "at" in frame.columns:
        if since is not None:
            frame = frame.filter(pl.col("at") >= since)
        if until is not None:
            frame = frame.filter(pl.col("at") < until)
    if columns is None:
        return frame
    if not frame.width:
        return pl.DataFrame({name: pl.Series([], dtype=pl.Null) for name in columns})
    absent = [pl.lit(None).alias(name) for name in columns if name not in frame.columns]
    return frame.with_columns(absent).select(columns)


def _column_by_column(rows: Sequence[Mapping[str, Any]]) -> "pl.DataFrame":
    """Where the rows cannot be read in one go: the columns that can be read alone, and JSON text for the others."""
    import polars as pl

    names = dict.fromkeys(name for row in rows for name in row)
    columns: list[pl.Series] = []
    for name in names:
        values = [row.get(name) for row in rows]
        lines = b"".join(to_json({"value": value}) + b"\n" for value in values)
        try:
            columns.append(pl.read_ndjson(io.BytesIO(lines), infer_schema_length=None)["value"].alias(name))
        except pl.exceptions.PolarsError:
            texts = [_said(value) for value in values]
            columns.append(pl.Series(name, texts, dtype=pl.String))
    return pl.DataFrame(columns)


def _storable(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The frame without objects that have no field (Parquet has no such type) and without integers over 64 bits."""
    import polars as pl

    changed = [
        _without_empty(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items() if _unstorable(dtype)
    ]
    return frame.with_columns(changed) if changed else frame


def _unstorable(dtype: "pl.DataType | DataTypeClass") -> bool:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return not dtype.fields or any(_unstorable(field.dtype) for field in dtype.fields)
    if isinstance(dtype, pl.List):
        return _unstorable(dtype.inner)
    return dtype in (pl.Int128, pl.UInt64, pl.UInt128)


def _without_empty(values: "pl.Expr", dtype: "pl.DataType | DataTypeClass") -> "pl.Expr":
    import polars as pl

    if isinstance(dtype, pl.List):
        return values.list.eval(_without_empty(pl.element(), dtype.inner))
    if isinstance(dtype, pl.Struct):
        kept = [
            _without_empty(values.struct.field(field.name), field.dtype).alias(field.name)
            for field in dtype.fields
            if not (isinstance(field.dtype, pl.Struct) and not field.dtype.fields)
        ]
        return pl.when(values.is_not_null()).then(pl.struct(kept)) if kept else pl.lit(None)
    return values.cast(pl.Float64) if _unstorable(dtype) else values


def _kinds(frames: Sequence["pl.DataFrame"]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            kinds.setdefault(name, set()).add(_kind(dtype))
    return kinds


def _kind(dtype: "pl.DataType") -> str:
    import polars as pl

    tests: Mapping[str, Callable[[], bool]] = {
        "null": lambda: dtype == pl.Null,
        "object": lambda: isinstance(dtype, pl.Struct),
        "list": lambda: isinstance(dtype, pl.List),
        "number": dtype.is_numeric,
        "bool": lambda: dtype == pl.Boolean,
    }
    return next((kind for kind, test in tests.items() if test()), "text")


def _as_text(frame: "pl.DataFrame", names: Sequence[str]) -> "pl.DataFrame":
    return frame.with_columns([_text(frame[name]) for name in names])


def _text(values: "pl.Series") -> "pl.Series":
    import polars as pl

    if values.dtype == pl.String:
        return values
    texts = [_said(value) for value in values.to_list()]
    return pl.Series(values.name, texts, dtype=pl.String)


def _said(value: Any) -> str | None:
    """A value as text: strings as they are, the rest as JSON."""
    return value if value is None or isinstance(value, str) else to_json(value).decode()
