"""What a dataset holds: a version is an immutable list of parts, and reading it as of a known-at time is a rule.

A version's id is the digest of its content: the declaration (key, times), the schema and the parts. Versions only ever
add parts. A file that vanishes at the source stays in the versions: history is not rewritten by a deletion.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.data.column_types import types_of
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.instants import micros_of
from loopwright.data.parts import DatasetVersion, Part, current, version_of
from loopwright.data.pushing import unlanded
from loopwright.data.upsert import Load, every_row, latest_rows
from loopwright.errors import MissingColumnError, NotFoundError
from loopwright.store.open_stores import Stores


def stale_by(dataset: Dataset, version: DatasetVersion | None, *, now: Micros) -> Micros | None:
    """By how much the newest event is older than `fresh_within`: 0 where it is fresh, None where that is not asked or
    cannot be told (no event time, no rows)."""
    limit = dataset.fresh_within_us()
    newest = None if version is None else version.last_event_at
    return None if limit is None or newest is None else max(0, now - newest - limit)


def read(
    stores: Stores,
    name: str,
    *,
    version: Digest | None = None,
    known_at: Micros | None = None,
    columns: Sequence[str] | None = None,
    include_pushed: bool = False,
) -> pl.DataFrame:
    """A version's rows as of a known-at time, with `_known_at` (Int64 microseconds) as the last column.

    With a key: the latest row of each key among those known by then. Without: every row known by then; a file that
    landed again with other content replaces what it held before. Rows come in the order in which they became known.

    Args:
        stores: The home's stores.
        name: The dataset.
        version: A digest; the newest version where None.
        known_at: Rows that became known later are left out; None knows everything.
        columns: Which columns, in this order; all where None.
        include_pushed: Also rows that were pushed and have not landed yet.

    Raises:
        NotFoundError: No such dataset or version.
        MissingColumnError: A column asked for is not in the version.
    """
    found = current(stores, name) if version is None else version_of(stores, version)
    waiting = unlanded(stores, name, types_of(found)) if include_pushed else None
    pushed = pl.DataFrame() if waiting is None else waiting.frame
    if found is None:
        if waiting is None or pushed.height == 0:
            raise NotFoundError(f"dataset {name!r} has no version", fix="Land it with `loopwright run`, or push rows.")
        found = DatasetVersion(name=name, schema=(), parts=(), key=waiting.key, known_at=waiting.known_at)
    wanted = _wanted(found, columns)
    parts = _visible(found, known_at)
    loads = [_load(stores, found, part) for part in parts]
    if pushed.height:
        loads.append(_load_pushed(found, pushed))
    if found.key is None or (len(parts) == len(loads) == 1 and parts[0].unique_by == found.key):
        frame = every_row(loads, wanted, known_at)
    else:
        frame = latest_rows(loads, wanted, known_at, key=found.key)
    if not loads:
        frame = _load(stores, found, found.parts[-1])(wanted).clear()
    return _selected(frame, columns)


def _wanted(version: DatasetVersion, columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    known = [name for name, _ in version.schema]
    missing = [column for column in columns if known and column not in known and column != RESERVED_COLUMN]
    if missing:
        raise MissingColumnError(
            f"dataset {version.name!r} has no column {missing[0]!r}",
            why=f"it has: {', '.join(map(repr, known))}",
            dataset=version.name,
            columns=missing,
        )
    return [column for column in dict.fromkeys(columns) if column != RESERVED_COLUMN]


def _visible(version: DatasetVersion, known_at: Micros | None) -> list[Part]:
    """The parts that count at `known_at`, in the order in which they became known.

    Where the landing's time is the row's, parts that landed later are not there yet. Without a key, the newest of a
    file's parts replaces the others.
    """
    parts: Iterable[Part] = version.parts
    if known_at is not None and version.known_at is None:
        parts = [part for part in parts if part.own_known_at or part.known_at <= known_at]
    ordered = sorted(parts, key=lambda part: part.known_at)
    if version.key is not None:
        return ordered
    newest = {part.source: part for part in ordered if part.source is not None}
    return [part for part in ordered if part.source is None or newest[part.source] is part]


def _load(stores: Stores, version: DatasetVersion, part: Part) -> Load:
    def load(wanted: Sequence[str] | None) -> pl.DataFrame:
        path = stores.blobs.local_path(part.blob)
        columns = None
        if wanted is not None:
            there = pl.read_parquet_schema(path)
            asked = [*wanted, version.known_at, RESERVED_COLUMN]
            columns = list(dict.fromkeys(name for name in asked if name is not None and name in there))
            columns = columns or list(there)[:1]  # a frame without a column has no height
        frame = pl.read_parquet(path, columns=columns, glob=False, hive_partitioning=False)
        return frame.with_columns(_known(frame, version, part.known_at).alias(RESERVED_COLUMN))

    return load


def _load_pushed(version: DatasetVersion, pushed: pl.DataFrame) -> Load:
    def load(wanted: Sequence[str] | None) -> pl.DataFrame:
        frame = pushed.with_columns(_known(pushed, version, None).alias(RESERVED_COLUMN))
        return frame if wanted is None else frame.select(c for c in frame.columns if c in {*wanted, RESERVED_COLUMN})

    return load


def _known(frame: pl.DataFrame, version: DatasetVersion, landed_at: Micros | None) -> pl.Expr:
    """When each row became known: by its own column, else by its push, else by its landing."""
    sources = [pl.lit(landed_at, dtype=pl.Int64)]
    if RESERVED_COLUMN in frame.columns:
        sources.insert(0, pl.col(RESERVED_COLUMN))
    if version.known_at is not None and version.known_at in frame.columns:
        sources.insert(0, pl.lit(micros_of(frame[version.known_at])))
    return pl.coalesce(sources)


def _selected(frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    chosen = list(columns) if columns is not None else [c for c in frame.columns if c != RESERVED_COLUMN]
    lacking = [pl.lit(None).alias(name) for name in chosen if name not in frame.columns]
    return frame.with_columns(lacking).select([*(c for c in chosen if c != RESERVED_COLUMN), RESERVED_COLUMN])
