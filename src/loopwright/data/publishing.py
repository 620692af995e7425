"""Publishing: checked rows become parts, and one ledger commit makes them the dataset's newest version."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import polars as pl

from loopwright.core.clock import Clock, Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.data.coercion import common, shown
from loopwright.data.column_types import types_of
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.instants import span
from loopwright.data.parts import DatasetVersion, Part, ref_of
from loopwright.data.pushing import Cursor
from loopwright.data.reading import FileRows
from loopwright.errors import DataRefusedError, MissingColumnError
from loopwright.store.open_stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What a landing did.

    Attributes:
        dataset: The dataset's name.
        version: The digest of the newest version; None where there is none (nothing was ever pushed).
        previous: The version before; equal to `version` where nothing changed.
        rows: Rows that landed now.
        files: Names of the files that landed now.
        unchanged: How many files had landed before and are the same.
        vanished: Files that landed once and are no longer at the source; their rows stay in the dataset.
        event: The `seq` of the journal's `dataset_landed`; None where nothing changed.
    """

    dataset: str
    version: Digest | None
    previous: Digest | None
    rows: int = 0
    files: tuple[str, ...] = ()
    unchanged: int = 0
    vanished: tuple[str, ...] = ()
    event: int | None = None

    @property
    def changed(self) -> bool:
        return self.version != self.previous


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who lands, when, and because of what."""

    clock: Clock
    known_at: Micros
    actor: str
    caused_by: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one attempt found to land, already checked."""

    files: tuple[FileRows, ...]
    digests: tuple[Digest, ...]
    named: bool
    cursor: Cursor | None = None


def publish(
    stores: Stores, dataset: Dataset, cause: Cause, *, found: DatasetVersion | None, batch: Batch, landing: Landing
) -> Landing:
    """Store the parts and, if anything is new, write the next version in one ledger commit.

    Args:
        stores: The home's stores.
        dataset: The declaration.
        cause: Who lands, when, and because of what.
        found: The version that the batch was checked against.
        batch: What to land, already checked.
        landing: What is known of the landing so far.

    Raises:
        ConflictError: Another process landed meanwhile; nothing was written but blobs.
        MissingColumnError: The declaration now names a column that the version lacks.
    """
    previous = None if found is None else found.digest
    if not batch.files and (found is None or _declares(found, dataset)):
        return replace(landing, version=previous, previous=previous, files=())
    new = tuple(
        _store(stores, dataset, rows, known_at=cause.known_at, digest=digest, named=batch.named)
        for rows, digest in zip(batch.files, batch.digests, strict=True)
    )
    version = DatasetVersion(
        name=dataset.name,
        schema=_schema(found, batch.files),
        parts=(*_old(stores, found, dataset), *new),
        key=dataset.key,
        event_time=dataset.event_time,
        known_at=dataset.known_at,
    )
    done = replace(landing, version=version.digest, previous=previous, rows=sum(part.rows for part in new))
    records = [version.record(at=cause.clock.now())]
    if batch.cursor is not None:
        records.append(batch.cursor.record(dataset.name, at=cause.clock.now()))
    pointer = ref_of(dataset.name)
    written = stores.ledger.commit(
        expect={pointer: previous},
        moves={pointer: version.digest},
        records=records,
        events=[_landed(done, version, cause, parts=len(new))],
    )
    return replace(done, event=written[-1].seq)


def _landed(landing: Landing, version: DatasetVersion, cause: Cause, *, parts: int) -> EventDraft:
    data = {
        "version": landing.version,
        "previous": landing.previous,
        "rows": landing.rows,
        "parts": parts,
        "files": list(landing.files),
        "known_at": cause.known_at,
        "last_event_at": version.last_event_at,
        "vanished": list(landing.vanished),
    }
    return EventDraft(
        kind="dataset_landed",
        subject=f"dataset:{landing.dataset}",
        actor=cause.actor,
        caused_by=cause.caused_by,
        logical_at=cause.clock.now(),
        data=data,
    )


def _declares(found: DatasetVersion, dataset: Dataset) -> bool:
    """Whether the version was written under the same key and times."""
    return (found.key, found.event_time, found.known_at) == (dataset.key, dataset.event_time, dataset.known_at)


def _old(stores: Stores, found: DatasetVersion | None, dataset: Dataset) -> tuple[Part, ...]:
    """The parts so far; described anew where the declaration names another key or other times."""
    if found is None or _declares(found, dataset):
        return () if found is None else found.parts
    names = {name for name, _ in found.schema}
    for column in (dataset.key, dataset.event_time, dataset.known_at):
        if column is not None and column not in names:
            raise MissingColumnError(
                f"dataset {dataset.name!r} now declares {column!r}, which its landed rows lack",
                fix="Name a column that all its rows have, or give the dataset another name.",
                columns=[column],
            )
    return tuple(
        _described(part, pl.read_parquet(stores.blobs.local_path(part.blob), glob=False), dataset)
        for part in found.parts
    )


def _store(stores: Stores, dataset: Dataset, rows: FileRows, *, known_at: Micros, digest: Digest, named: bool) -> Part:
    blob = stores.blobs.put(parquet_bytes(rows.frame))
    part = Part(
        blob=blob,
        rows=rows.frame.height,
        known_at=known_at,
        source_digest=digest,
        source=rows.name if named else None,
        own_known_at=RESERVED_COLUMN in rows.frame.columns,
    )
    return _described(part, rows.frame, dataset)


def _described(part: Part, frame: pl.DataFrame, dataset: Dataset) -> Part:
    """The part with what the declaration lets one say about its rows."""
    first, last = span(frame[dataset.event_time]) if dataset.event_time in frame.columns else (None, None)
    key = dataset.key
    unique = key is not None and key in frame.columns and not frame[key].is_duplicated().any()
    return msgspec.structs.replace(part, first_event_at=first, last_event_at=last, unique_by=key if unique else None)


def _schema(found: DatasetVersion | None, files: Sequence[FileRows]) -> tuple[tuple[str, str], ...]:
    """Every column that any part has, in order of appearance, in the type that holds them all."""
    joint: dict[str, pl.DataType] = types_of(found)
    names = dict(found.schema) if found else {}
    for rows in files:
        for name, dtype in rows.frame.schema.items():
            if name == RESERVED_COLUMN:
                continue
            joint[name] = common(joint.get(name, dtype), dtype) or dtype
            names[name] = shown(joint[name])
    return tuple(names.items())


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """The frame as a part is kept: Parquet, zstd. The same frame gives the same bytes under one polars version."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def record_refusal(stores: Stores, dataset: Dataset, cause: Cause, *, refusal: DataRefusedError) -> None:
    """Say in the journal what was refused: rules and counts, no row content."""
    failures = refusal.context.get("failures", [])
    kept = (
        [
            {"column": one["column"], "rule": one["rule"], "rows": one["rows"]}
            for one in failures
            if isinstance(one, dict)
        ]
        if isinstance(failures, list)
        else []
    )
    where = {name: refusal.context[name] for name in ("file", "line") if name in refusal.context}
    stores.ledger.commit(
        events=[
            EventDraft(
                kind="dataset_refused",
                subject=f"dataset:{dataset.name}",
                actor=cause.actor,
                caused_by=cause.caused_by,
                logical_at=cause.clock.now(),
                data={"code": refusal.code, "failures": kept} | where,
            )
        ]
    )
