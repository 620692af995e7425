"""Column types as text and back: how a version keeps them, and how they are read without opening a part."""

import re
from collections.abc import Sequence

import polars as pl

from loopwright.data.coercion import shown
from loopwright.data.parts import DatasetVersion

_SIMPLE: tuple[pl.DataType, ...] = (
    pl.Boolean(),
    pl.Int8(),
    pl.Int16(),
    pl.Int32(),
    pl.Int64(),
    pl.UInt8(),
    pl.UInt16(),
    pl.UInt32(),
    pl.UInt64(),
    pl.Float32(),
    pl.Float64(),
    pl.String(),
    pl.Date(),
    pl.Null(),
)
_BY_NAME = {shown(dtype): dtype for dtype in _SIMPLE}
_DATETIME = re.compile(r"Datetime\(time_unit='(ms|us|ns)', time_zone=(?:None|'([^']+)')\)")


def schema_of(frame: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    """Column and type, as a version keeps them."""
    return tuple((name, shown(dtype)) for name, dtype in frame.schema.items())


def types_of(version: DatasetVersion | None) -> dict[str, pl.DataType]:
    """The version's column types, without opening its parts; nested types are left out."""
    return {} if version is None else types_in(version.schema)


def types_in(schema: Sequence[Sequence[str]]) -> dict[str, pl.DataType]:
    """The types that pairs of column and type name mean; nested types are left out."""
    named = {column: _type(text) for column, text in schema}
    return {column: dtype for column, dtype in named.items() if dtype is not None}


def _type(text: str) -> pl.DataType | None:
    if found := _DATETIME.fullmatch(text):
        unit = found[1]
        return pl.Datetime("ms" if unit == "ms" else "ns" if unit == "ns" else "us", found[2])
    return _BY_NAME.get(text)
