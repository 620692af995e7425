"""What changed between two versions of a dataset: rows, schema, and the shape of each column."""

from typing import Literal

import msgspec
import polars as pl

from loopwright.core.hashing import Digest
from loopwright.data.dataset import RESERVED_COLUMN
from loopwright.data.parts import version_of
from loopwright.data.profile import ColumnProfile, profile_frame
from loopwright.data.versions import read
from loopwright.store.open_stores import Stores


class SchemaChange(msgspec.Struct, frozen=True, kw_only=True):
    """A column that came, went, or has another type; `before` or `after` is None where it was not there."""

    column: str
    before: str | None
    after: str | None


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """How a column's shape moved.

    Attributes:
        distance: Numbers and times: the mean distance of the stored quantiles, in units of the older 5 %-95 % range.
            Texts and booleans: the total variation distance over the more frequent levels of both, 0 to 1. None where
            one side has no value.
        nulls_before, nulls_after: Shares of rows without a value.
    """

    column: str
    distance: float | None
    nulls_before: float
    nulls_after: float


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions compared.

    Attributes:
        by: "key" where rows are told apart by the dataset's key, "content" where only whole rows can be compared (then
            nothing is `changed`).
        added, removed, changed, same: Rows; with a key, `changed` has the same key and other values.
        changed_columns: By column, how many of the changed rows differ in it.
        shifts: By column in both, the largest distance first.
    """

    before: Digest
    after: Digest
    by: Literal["key", "content"]
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    same: int
    changed_columns: dict[str, int]
    schema: tuple[SchemaChange, ...]
    shifts: tuple[Shift, ...]


def diff(stores: Stores, name: str, *, before: Digest, after: Digest) -> Diff:
    """Compare two versions of a dataset, each as of all that it knows.

    Raises:
        NotFoundError: One of the versions is not there.
    """
    old = read(stores, name, version=before).drop(RESERVED_COLUMN)
    new = read(stores, name, version=after).drop(RESERVED_COLUMN)
    key = version_of(stores, after).key
    keyed = key is not None and key in old.columns and key in new.columns
    rows = _by_key(old, new, str(key)) if keyed else _by_content(old, new)
    return Diff(
        before=before,
        after=after,
        by="key" if keyed else "content",
        rows_before=old.height,
        rows_after=new.height,
        added=new.height - rows.changed - rows.same,
        removed=old.height - rows.changed - rows.same,
        changed=rows.changed,
        same=rows.same,
        changed_columns=rows.columns,
        schema=_schema(old, new),
        shifts=_shifts(old, new),
    )


class _Rows(msgspec.Struct, frozen=True, kw_only=True):
    same: int
    changed: int = 0
    columns: dict[str, int] = {}


def _by_key(old: pl.DataFrame, new: pl.DataFrame, key: str) -> _Rows:
    shared = [c for c in new.columns if c in old.columns and c != key and new.schema[c] == old.schema[c]]
    renamed = {column: f"{number}" for number, column in enumerate(shared)}
    left = old.select(pl.col(key).alias("key"), *(pl.col(c).alias(f"old_{n}") for c, n in renamed.items()))
    right = new.select(pl.col(key).alias("key"), *(pl.col(c).alias(f"new_{n}") for c, n in renamed.items()))
    both = left.join(right, on="key", how="inner", nulls_equal=True)
    differs = both.select(pl.col(f"old_{n}").ne_missing(pl.col(f"new_{n}")).alias(n) for n in renamed.values())
    if not shared:
        return _Rows(same=both.height)
    changed = int(differs.select(pl.any_horizontal(pl.all()).sum()).item() or 0)
    counts = {column: int(differs[n].sum()) for column, n in renamed.items()}
    return _Rows(same=both.height - changed, changed=changed, columns={c: n for c, n in counts.items() if n})


def _by_content(old: pl.DataFrame, new: pl.DataFrame) -> _Rows:
    """Rows that are equal in every column, counted as often as both have them."""
    if set(old.columns) != set(new.columns) or any(old.schema[c] != new.schema[c] for c in old.columns):
        return _Rows(same=0)
    columns = old.columns
    left = old.group_by(columns).agg(pl.len().alias("\0old"))
    right = new.select(columns).group_by(columns).agg(pl.len().alias("\0new"))
    both = left.join(right, on=columns, how="inner", nulls_equal=True)
    return _Rows(same=int(both.select(pl.min_horizontal("\0old", "\0new").sum()).item() or 0))


def _schema(old: pl.DataFrame, new: pl.DataFrame) -> tuple[SchemaChange, ...]:
    names = dict.fromkeys([*old.columns, *new.columns])
    pairs = [(name, old.schema.get(name), new.schema.get(name)) for name in names]
    return tuple(
        SchemaChange(column=name, before=None if a is None else str(a), after=None if b is None else str(b))
        for name, a, b in pairs
        if a != b
    )


def _shifts(old: pl.DataFrame, new: pl.DataFrame) -> tuple[Shift, ...]:
    before, after = profile_frame(old), profile_frame(new)
    shifts = []
    for one in before.columns:
        other = after.column(one.name)
        if other is None or other.type != one.type:
            continue
        shifts.append(
            Shift(
                column=one.name,
                distance=_distance(one, other, (before.rows, after.rows)),
                nulls_before=one.nulls / max(before.rows, 1),
                nulls_after=other.nulls / max(after.rows, 1),
            )
        )
    return tuple(sorted(shifts, key=lambda shift: -(shift.distance or 0.0)))


def _distance(one: ColumnProfile, other: ColumnProfile, rows: tuple[int, int]) -> float | None:
    if one.quantiles and other.quantiles:
        spread = (one.quantiles[6] - one.quantiles[2]) or (one.quantiles[-1] - one.quantiles[0]) or 1.0
        moved = [abs(a - b) for a, b in zip(one.quantiles[1:-1], other.quantiles[1:-1], strict=True)]
        return sum(moved) / len(moved) / abs(spread)
    if not one.top or not other.top:
        return None
    present = (rows[0] - one.nulls, rows[1] - other.nulls)
    a = {level.value: level.rows / present[0] for level in one.top}
    b = {level.value: level.rows / present[1] for level in other.top}
    told = sum(abs(a.get(value, 0.0) - b.get(value, 0.0)) for value in {*a, *b})
    rest = abs(sum(a.values()) - sum(b.values()))
    return min(1.0, (told + rest) / 2)
