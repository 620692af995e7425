"""Columns of text, as a CSV file has them, as the values that a JSON record would have."""

from dataclasses import dataclass

import polars as pl

from loopwright.core.schema import Column
from loopwright.data.coercion import NULLS, convert

_EXACT = 2.0**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """(n,) values of the column's kind, null where nothing was written; `lost` says which texts are no such value."""

    values: pl.Series
    lost: pl.Series


def parsed(column: Column, text: pl.Series) -> Parsed:
    """Read one column's text.

    Args:
        column: What it should hold. Text of a `string`, a `category` or a `datetime` is left to the door.
        text: (n,) as written; null where a field is empty.
    """
    if column.kind in ("string", "category"):
        return Parsed(values=text, lost=_none(text))
    present = text.replace(list(NULLS), [None] * len(NULLS))
    if column.kind == "datetime":
        return Parsed(values=present, lost=_none(text))
    if column.kind == "bool":
        values, _ = convert(present, pl.Boolean())
    elif column.kind == "int":
        values = _whole(present.str.strip_chars())
    else:
        values = present.str.strip_chars().cast(pl.Float64, strict=False)
    return Parsed(values=values, lost=present.is_not_null() & values.is_null())


def _whole(text: pl.Series) -> pl.Series:
    """Whole numbers; one that is written with a fraction of zero, as 3.0, is one."""
    number = pl.col("t").cast(pl.Float64, strict=False)
    near = pl.when((number == number.floor()) & (number.abs() < _EXACT)).then(number).cast(pl.Int64, strict=False)
    made = pl.coalesce(pl.col("t").cast(pl.Int64, strict=False), near)
    return text.alias("t").to_frame().select(made).to_series().alias(text.name)


def _none(text: pl.Series) -> pl.Series:
    return pl.repeat(value=False, n=len(text), eager=True, dtype=pl.Boolean())
