"""Time columns as the integers that everything else counts in: microseconds since the epoch, UTC."""

import polars as pl

from loopwright.core.clock import FIRST_INSTANT, LAST_INSTANT, Micros


def is_time(dtype: pl.DataType) -> bool:
    """Whether a column of this type can say when: a datetime, a date, or integers, which are microseconds."""
    return dtype == pl.Date or isinstance(dtype, pl.Datetime) or dtype.is_integer()


def micros_of(column: pl.Series) -> pl.Series:
    """The column as Int64 microseconds since the epoch; nulls stay null. A datetime without a zone is UTC."""
    if column.dtype.is_integer():
        return column.cast(pl.Int64)
    return column.cast(pl.Datetime("us")).to_physical() if column.dtype == pl.Date else column.dt.epoch("us")


def unsayable(column: pl.Series) -> pl.Series:
    """Which values of a column of times, (n_rows,), lie outside the years 1 to 9999; nulls do not."""
    return ~micros_of(column).is_between(FIRST_INSTANT, LAST_INSTANT).fill_null(value=True)


def span(column: pl.Series) -> tuple[Micros | None, Micros | None]:
    """The least and the greatest instant, (None, None) where every value is null."""
    instants = micros_of(column)
    low, high = instants.min(), instants.max()
    return (low, high) if isinstance(low, int) and isinstance(high, int) else (None, None)
