"""From text to typed columns, and from one type to another where nothing is lost.

What cannot be converted becomes a failure that counts the rows and names the first of them, never a silent null.
"""

import re
from collections.abc import Mapping

import polars as pl

from loopwright.data.failure import FIRST, Failure

NULLS = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "?")
"""Texts that mean "missing" in a column of numbers, booleans or times. In a text column only the empty text does."""
_TRUE = ("true", "True", "TRUE", "t", "T", "yes", "Yes", "YES", "y", "Y", "1")
_FALSE = ("false", "False", "FALSE", "f", "F", "no", "No", "NO", "n", "N", "0")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?")
_ZONED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})")
_SAMPLE = 200
MICROS = pl.Datetime("us")


def infer(text: pl.Series) -> pl.Series:
    """A text column as the narrowest type that every value has: bool, int, float, date, datetime (UTC), else text.

    Numbers with leading zeros (`00501`) stay text: they are codes. A column without a value has type Null.
    """
    present = text.replace(list(NULLS), [None] * len(NULLS))
    sample = present.drop_nulls().head(_SAMPLE).to_list()
    if not sample:
        return pl.Series(text.name, [None] * len(text), dtype=pl.Null)
    target = _guess(sample)
    if target == pl.String:
        return _text(text)
    for dtype in (target, pl.Float64()) if target == pl.Int64 else (target,):
        if target.is_numeric() and present.str.contains(r"^[+-]?0\d").any():
            break
        typed = _parse(present, dtype)
        if typed.null_count() == present.null_count():
            return typed
    return _text(text)


def convert(column: pl.Series, dtype: pl.DataType) -> tuple[pl.Series, Failure | None]:
    """The column as `dtype`, and the failure that counts the values which are not of it.

    Args:
        column: Text as it stood in a file, or a typed column.
        dtype: What it is to be. Only conversions that keep every value are made.
    """
    if column.dtype == dtype:
        return column, None
    if column.dtype == pl.Null:
        return column.cast(dtype), None
    if column.dtype == pl.String and dtype != pl.String:
        column = column.replace(list(NULLS), [None] * len(NULLS))
        typed = _parse(column, dtype)
    elif dtype == pl.String and column.dtype.base_type() in (pl.Categorical, pl.Enum):
        typed = column.cast(pl.String)
    elif _lossless(column.dtype, dtype):
        typed = _cast(column, dtype)
    else:
        return column, Failure(column=column.name, rule=f"type {shown(dtype)}, found {shown(column.dtype)}")
    lost = typed.is_null() & column.is_not_null()
    if not lost.any():
        return typed, None
    places = lost.arg_true()
    return typed, Failure(
        column=column.name, rule=f"type {shown(dtype)}", rows=len(places), positions=tuple(places.head(FIRST).to_list())
    )


def typed_frame(
    frame: pl.DataFrame, expected: Mapping[str, pl.DataType], *, text: bool
) -> tuple[pl.DataFrame, list[Failure]]:
    """Each column as `expected` says; columns it does not name are inferred (`text`) or brought to a common form.

    Args:
        frame: (n_rows, n_columns).
        expected: Types by column name; names that the frame lacks are left to the caller.
        text: True where the frame holds a CSV file's text.
    """
    columns: list[pl.Series] = []
    failures: list[Failure] = []
    for column in frame:
        if column.name in expected:
            typed, failure = convert(column, expected[column.name])
            failures += [failure] if failure else []
        else:
            typed = infer(column) if text else plain(column)
        columns.append(typed.fill_nan(None) if typed.dtype.is_float() else typed)  # one form for what is missing
    return pl.DataFrame({column.name: column for column in columns}), failures


def plain(column: pl.Series) -> pl.Series:
    """One form for what can be said in several: datetimes become UTC microseconds without a zone, levels text."""
    if isinstance(column.dtype, pl.Datetime):
        return _cast(column, MICROS)
    if column.dtype.base_type() in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    return column


def common(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """The type that holds both without loss, or None: int and float meet, date and datetime meet, null meets all."""
    if other in (one, pl.Null()):
        return one
    if one == pl.Null:
        return other
    if one.is_numeric() and other.is_numeric():
        return pl.Int64() if one.is_integer() and other.is_integer() else pl.Float64()
    if {one.base_type(), other.base_type()} == {pl.Date, pl.Datetime}:
        return MICROS
    return None


def shown(dtype: pl.DataType) -> str:
    """The type's name as an error says it."""
    return "text" if dtype == pl.String else str(dtype)


def _text(column: pl.Series) -> pl.Series:
    return column.replace([""], [None])


def _guess(sample: list[str]) -> pl.DataType:
    if all(value in _WORDS for value in sample):
        return pl.Boolean()
    if all(_DATE.fullmatch(value) for value in sample):
        return pl.Date()
    if all(_TIME.fullmatch(value) or _ZONED.fullmatch(value) for value in sample):
        return MICROS
    series = pl.Series(sample)
    if series.cast(pl.Int64, strict=False).null_count() == 0:
        return pl.Int64()
    if series.cast(pl.Float64, strict=False).null_count() == 0:
        return pl.Float64()
    return pl.String()


def _parse(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Text as `dtype`, null where it is not of it."""
    if dtype == pl.Boolean:
        known = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
        return column.replace_strict(known, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Date:
        return column.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Datetime):
        return _cast(_datetime(column), dtype)
    if dtype.is_integer():
        return _whole(column, dtype)
    return column.cast(dtype, strict=False)


def _whole(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Text as integers; `3.0` is one, `3.5` is not."""
    whole = column.cast(dtype, strict=False)
    if whole.null_count() == column.null_count():
        return whole
    real = column.cast(pl.Float64, strict=False)
    exact = ((real == real.floor()) & (real.abs() < 2**53)).fill_null(value=False)
    rest = pl.select(pl.when(exact).then(real)).to_series().cast(dtype, strict=False)
    return whole.zip_with(whole.is_not_null(), rest).alias(column.name)


def _datetime(column: pl.Series) -> pl.Series:
    """ISO 8601 text as UTC microseconds; a time without a zone is UTC."""
    full = column.str.replace("T", " ", literal=True).str.replace(r"^(\d{4}-\d{2}-\d{2})$", "$1 00:00:00")
    full = full.str.replace(r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2})($|Z|[+-])", "$1:00$2").str.replace(r"Z$", "+00:00")
    zoned = full.str.contains(r"[+-]\d{2}:?\d{2}$").fill_null(value=False) & full.str.contains(":").fill_null(
        value=False
    )
    if not zoned.any():
        return full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    whole = full.zip_with(zoned, full + "+00:00")
    aware = whole.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", strict=False, time_unit="us", time_zone="UTC")
    return aware.dt.replace_time_zone(None)


def _cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Datetime) and isinstance(column.dtype, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if column.dtype.time_zone else column
        moved = utc.cast(pl.Datetime(dtype.time_unit))
        return (
            moved
            if dtype.time_zone is None
            else moved.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
        )
    return column.cast(dtype, strict=False)


def _lossless(found: pl.DataType, wanted: pl.DataType) -> bool:
    if isinstance(wanted, pl.Datetime):
        return isinstance(found, pl.Datetime) or found == pl.Date
    if wanted.is_integer():
        return found.is_integer()  # a value out of range becomes null, which is counted
    if wanted.is_float():
        return found.is_numeric()
    return wanted.base_type() in (pl.Categorical, pl.Enum) and found == pl.String
