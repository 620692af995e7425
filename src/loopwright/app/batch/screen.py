"""The door for tables: the same contract as a request's, column by column.

Polars settles the rows that keep the contract; every other row goes through `serving.door.Door`, which alone decides
and words refusals and flags. So a table's row and the same record in a request are judged alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from loopwright.app.batch.text_columns import Parsed, parsed
from loopwright.core.clock import micros
from loopwright.core.schema import Column
from loopwright.errors import RequestRefusedError
from loopwright.serving.door import Breach, Door

DTYPES: dict[str, pl.DataType] = {
    "float": pl.Float64(), "int": pl.Int64(), "bool": pl.Boolean(), "string": pl.String(), "category": pl.String(),
    "datetime": pl.Int64(),
}  # fmt: skip
_SETTLED: dict[str, pl.DataType] = {"float": pl.Float64(), "int": pl.Int64()}
_ISO = r"^[1-9]\d{3}-\d{2}-\d{2}[T ]\d{2}:[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|\+00:00)?$"
_LAST_INSTANT = 2**62
_WHOLE = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One row that the model cannot be given: its position among the rows, and each field and rule that it breaks."""

    position: int
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """n rows, judged.

    Attributes:
        values: (n_accepted, n_request), the accepted rows in order: Float64, Int64, Boolean, String, or microseconds.
        accepted: (n,) which rows they are; None where all are.
        refusals: The others, in order.
        flags: By position among the n rows: what the policy `flag` let through.
    """

    values: pl.DataFrame
    accepted: pl.Series | None
    refusals: tuple[Refusal, ...]
    flags: Mapping[int, tuple[str, ...]]


def screen_table(door: Door, rows: pl.DataFrame, *, text: bool = False) -> Screened:
    """Judge the rows of a table; columns that the contract does not name are left alone.

    Args:
        door: The contract, and what is done with a row outside it.
        rows: (n, …). A NaN is a null: that is how many tables write one.
        text: Whether every column is text, as a CSV file's.
    """
    request = door.signature.request
    lost: dict[str, Parsed] = {}
    typed = rows.select(column.name for column in request if column.name in rows.columns)
    if text:
        lost = {c.name: parsed(c, rows[c.name]) for c in request if c.name in rows.columns}
        typed = typed.with_columns(found.values.alias(name) for name, found in lost.items())
    settled = _settled(request, typed)
    judged = {c.name: _judged(c, typed.schema.get(c.name)) for c in request if c.name not in settled}
    stored = {name: value.alias(name) for name, (value, _) in judged.items()}
    values = typed.select(settled.get(c.name, stored.get(c.name)) for c in request)
    fits = typed.select(fit.fill_null(value=False).alias(name) for name, (_, fit) in judged.items())
    every = pl.repeat(value=True, n=rows.height, eager=True, dtype=pl.Boolean())
    kept = fits.select(pl.all_horizontal(pl.all()).alias("fits")).to_series() if judged else every
    for found in lost.values():
        kept &= ~found.lost
    odd = (~kept).arg_true()
    if not len(odd):
        return Screened(values=values, accepted=None, refusals=(), flags={})
    records = _records(typed[odd], {name: (found, rows[name]) for name, found in lost.items()}, odd)
    return _merged(door, values, kept, odd=dict(zip(odd.to_list(), records, strict=True)))


def screen_records(door: Door, records: Sequence[Any]) -> Screened:
    """Judge JSON values one by one; fields that the contract does not name are left alone."""
    names = {column.name for column in door.signature.request}
    known = [{k: v for k, v in r.items() if k in names} if isinstance(r, dict) else r for r in records]
    nothing = pl.DataFrame(schema={c.name: DTYPES[c.kind] for c in door.signature.request})
    kept = pl.repeat(value=False, n=len(known), eager=True, dtype=pl.Boolean())
    return _merged(door, nothing, kept, odd=dict(enumerate(known)))


def _merged(door: Door, values: pl.DataFrame, kept: pl.Series, *, odd: Mapping[int, Any]) -> Screened:
    """The rows that Polars accepted, and those of the others that the door lets in, in their order."""
    let_in: list[dict[str, Any]] = []
    places: list[int] = []
    refusals: list[Refusal] = []
    flags: dict[int, tuple[str, ...]] = {}
    for position, record in odd.items():
        try:
            checked = door.check(record)
        except RequestRefusedError as error:
            refusals.append(Refusal(position=position, breaches=_breaches(error)))
            continue
        places.append(position)
        let_in.append(checked.values)
        if checked.flags:
            flags[position] = checked.flags
    schema = {column.name: DTYPES[column.kind] for column in door.signature.request}
    own = values.filter(kept) if values.height else values
    added = pl.DataFrame(let_in, schema=schema, orient="row")
    order = pl.concat([kept.arg_true().cast(pl.Int64), pl.Series(places, dtype=pl.Int64)]).arg_sort()
    accepted = kept.scatter(places, values=True) if places else kept
    return Screened(
        values=pl.concat([own, added])[order] if places else own,
        accepted=None if not refusals else accepted,
        refusals=tuple(refusals),
        flags=flags,
    )


def _breaches(error: RequestRefusedError) -> tuple[Breach, ...]:
    found = error.context.get("breaches")
    if not isinstance(found, list):
        return (Breach(field="", rule="record", expected=error.why),)
    return tuple(msgspec.convert(found, list[Breach]))


def _records(rows: pl.DataFrame, lost: Mapping[str, tuple[Parsed, pl.Series]], places: pl.Series) -> list[Any]:
    """Rows as the JSON records that they are; a text that could not be read stands as it was written."""
    records = [{name: _said(value) for name, value in row.items()} for row in rows.iter_rows(named=True)]
    for name, (found, text) in lost.items():
        unread = found.lost[places]
        for index in unread.arg_true().to_list():
            records[index][name] = text[places[index]]
    return records


def _said(value: Any) -> Any:
    """A table's value as JSON says it; what JSON cannot say is a type that the door refuses."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, date):
        return micros(datetime.combine(value, time()))
    return float(value) if isinstance(value, Decimal) else value


def _settled(request: Sequence[Column], typed: pl.DataFrame) -> dict[str, pl.Expr]:
    """Columns of numbers of which every value keeps the contract, told by the least and the greatest one.

    Most columns of most tables are such, and two numbers cost less than a mask.
    """
    numbers = [c for c in request if c.name in typed.columns and typed.schema[c.name] == _SETTLED.get(c.kind)]
    if not numbers or not typed.height:
        return {}
    ends = typed.select(
        *(pl.col(c.name).nan_min().alias(f"{i}<") for i, c in enumerate(numbers)),
        *(pl.col(c.name).nan_max().alias(f"{i}>") for i, c in enumerate(numbers)),
        *(pl.col(c.name).null_count().alias(f"{i}?") for i, c in enumerate(numbers)),
    ).row(0, named=True)
    keep = [i for i, c in enumerate(numbers) if not ends[f"{i}?"] and _both_fit(c, ends[f"{i}<"], ends[f"{i}>"])]
    return {numbers[i].name: pl.col(numbers[i].name) for i in keep}


def _both_fit(column: Column, *ends: float) -> bool:
    """Whether all values between two lie within the column's bounds; NaN and infinity do not."""
    if not all(math.isfinite(end) for end in ends):
        return False
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    above = ends[0] > low or (ends[0] == low and not column.exclusive_minimum)
    return above and (ends[1] < high or (ends[1] == high and not column.exclusive_maximum))


def _judged(column: Column, dtype: pl.DataType | None) -> tuple[pl.Expr, pl.Expr]:
    """The column as what its kind is stored as, and which values keep the contract; null where nothing is said."""
    wanted = DTYPES[column.kind]
    if dtype is None or dtype == pl.Null:
        return pl.repeat(None, pl.len(), dtype=wanted), pl.repeat(column.nullable, pl.len(), dtype=pl.Boolean())
    raw = pl.col(column.name)
    if dtype.is_float():
        raw = raw.fill_nan(None)
    value = _value(column.kind, raw, dtype)
    if value is None:
        return pl.repeat(None, pl.len(), dtype=wanted), raw.is_null() & column.nullable
    fits = value.is_not_null() & _in_range(column, value)
    if column.kind == "float":
        fits &= value.is_finite()
    if column.closed:
        fits &= value.is_in(list(column.categories or ()))
    return value, pl.when(raw.is_null()).then(pl.lit(column.nullable)).otherwise(fits)


def _value(kind: str, raw: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Values of a kind, null where they are none; None where the type has no value of it."""
    if kind == "float":
        return raw.cast(pl.Float64) if dtype.is_numeric() else None
    if kind == "int":
        return _whole(raw, dtype) if dtype.is_numeric() else None
    if kind == "bool":
        return raw if dtype == pl.Boolean else None
    if kind == "datetime":
        return _instant(raw, dtype)
    return raw.cast(pl.String) if isinstance(dtype, pl.String | pl.Categorical | pl.Enum) else None


def _whole(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_integer():
        return raw.cast(pl.Int64, strict=False)
    number = raw.cast(pl.Float64)
    whole = (number == number.floor()) & (number >= -float(_WHOLE)) & (number < float(_WHOLE))
    return pl.when(whole).then(number).cast(pl.Int64, strict=False)


def _instant(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    if isinstance(dtype, pl.Datetime):
        return raw.dt.timestamp("us")
    if dtype == pl.Date:
        return raw.cast(pl.Datetime("us")).dt.timestamp("us")
    if dtype.is_integer():
        whole = raw.cast(pl.Int64, strict=False)
        return pl.when((whole >= -_LAST_INSTANT) & (whole < _LAST_INSTANT)).then(whole)
    if dtype == pl.String:  # the usual form; the door reads every other
        usual = pl.when(raw.str.contains(_ISO)).then(raw).str.replace(r"(Z|\+00:00)$", "").str.replace(" ", "T")
        return usual.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us").dt.timestamp("us")
    return None


def _in_range(column: Column, value: pl.Expr) -> pl.Expr:
    if column.kind not in ("float", "int", "datetime") or (column.minimum is None and column.maximum is None):
        return pl.lit(value=True)
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    if column.kind in ("int", "datetime"):
        return _whole_in_range(column, value, low=low, high=high)
    above = value > low if column.exclusive_minimum else value >= low
    below = value < high if column.exclusive_maximum else value <= high
    return above & below


def _whole_in_range(column: Column, value: pl.Expr, *, low: float, high: float) -> pl.Expr:
    """Whole numbers are compared as such: as doubles those beyond 2 to the 53 would be rounded."""
    first, last = -_WHOLE, _WHOLE - 1
    if low > -math.inf:
        first = last + 1 if low == math.inf else max(first, _next_above(low, strictly=column.exclusive_minimum))
    if high < math.inf:
        last = first - 1 if high == -math.inf else min(last, -_next_above(-high, strictly=column.exclusive_maximum))
    return pl.lit(value=False) if first > last else value.is_between(first, last)


def _next_above(bound: float, *, strictly: bool) -> int:
    """The least whole number that is at least `bound`, or more than it."""
    return math.floor(bound) + 1 if strictly else math.ceil(bound)
