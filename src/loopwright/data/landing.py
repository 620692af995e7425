"""Landing: new and changed files become parts of a new version, all of them or none.

The order is: read, check everything, store the parts as blobs, then one ledger commit that writes the version, moves the
dataset's pointer and says so in the journal. A kill before the commit leaves blobs that nobody names; the pointer means
the old version or the new one.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import polars as pl

from loopwright.core.clock import Clock, Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest, digest_bytes
from loopwright.data.coercion import common, shown, typed_frame
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.failure import Failure
from loopwright.data.instants import span
from loopwright.data.parts import DatasetVersion, Part, current, ref_of, schema_of, types_of
from loopwright.data.pushing import Cursor, unlanded
from loopwright.data.reading import FileRows, read_file
from loopwright.data.rules import broken_rules, types_for
from loopwright.data.source import SourceFile, StatCache, probe
from loopwright.errors import ConflictError, DataRefusedError, UsageError
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores

_ATTEMPTS = 5
STAT_CACHE = "stat_cache.json"


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
class _Cause:
    """Who lands, when, and because of what."""

    clock: Clock
    known_at: Micros
    actor: str
    caused_by: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What one attempt found to land, already checked."""

    files: tuple[FileRows, ...]
    digests: tuple[Digest, ...]
    named: bool
    cursor: Cursor | None = None


def land(
    stores: Stores,
    dataset: Dataset,
    *,
    clock: Clock,
    paths: Sequence[str | Path] | None = None,
    known_at: Micros | None = None,
    actor: str = "system",
    caused_by: tuple[int, ...] = (),
) -> Landing:
    """Land the source's new and changed files as one new version. The same files again make no new version.

    Args:
        stores: The home's stores; the folder that holds the home is the project, to which paths are relative.
        dataset: The declaration.
        clock: The workspace's clock.
        paths: Files or globs instead of the declared source.
        known_at: When these rows became known; now where None.
        actor: Who lands.
        caused_by: The journal's events that led to this.

    Raises:
        SourceError: A file is missing or is not what it claims to be.
        ContractError, MissingColumnError, DuplicateKeyError: Rows break the declaration; every broken rule is named.
            Nothing is written but the journal's `dataset_refused`, which holds rules and counts.
        ConflictError: Other processes kept landing the same dataset meanwhile.
    """
    cause = _Cause(
        clock=clock, known_at=clock.now() if known_at is None else known_at, actor=actor, caused_by=caused_by
    )
    patterns = dataset.patterns if paths is None else tuple(str(path) for path in paths)
    if not patterns:
        raise UsageError(
            f"dataset {dataset.name!r} has no source to land", fix="Give it `source=`, or land what was pushed."
        )
    project = stores.home.parent

    def gather(found: DatasetVersion | None) -> tuple[_Batch, Landing]:
        files = probe(patterns, project=project, cache=StatCache(stores.home / STAT_CACHE))
        new = [file for file in files if _is_new(file, found)]
        there = {file.name for file in files}
        landed = {part.source for part in found.parts if part.source is not None} if found and paths is None else set()
        batch = _checked(_read(new, dataset, found), dataset, found)
        return batch, Landing(
            dataset=dataset.name,
            version=None,
            previous=None,
            files=tuple(file.name for file in new),
            unchanged=len(files) - len(new),
            vanished=tuple(sorted(landed - there)),
        )

    return _land(stores, dataset, cause, gather)


def land_frame(
    stores: Stores,
    dataset: Dataset,
    frame: pl.DataFrame,
    *,
    clock: Clock,
    known_at: Micros | None = None,
    actor: str = "system",
    caused_by: tuple[int, ...] = (),
) -> Landing:
    """Land a frame (n_rows, n_columns) as one part; the same rows again make no new version. Otherwise as `land`."""
    cause = _Cause(
        clock=clock, known_at=clock.now() if known_at is None else known_at, actor=actor, caused_by=caused_by
    )

    def gather(found: DatasetVersion | None) -> tuple[_Batch, Landing]:
        typed, failures = typed_frame(frame, types_for(dataset), text=False)
        rows = FileRows(name="frame", frame=typed, lines=None, failures=tuple(failures))
        digest = digest_bytes(_parquet(typed))
        known = found is not None and any(part.source_digest == digest for part in found.parts)
        new = () if known or frame.height == 0 else ((rows, digest),)
        return _checked(new, dataset, found, named=False), Landing(dataset=dataset.name, version=None, previous=None)

    return _land(stores, dataset, cause, gather)


def land_pushed(
    stores: Stores, dataset: Dataset, *, clock: Clock, actor: str = "system", caused_by: tuple[int, ...] = ()
) -> Landing:
    """Turn the rows pushed since the last time into one part, exactly once: the cursor moves in the same commit."""
    cause = _Cause(clock=clock, known_at=clock.now(), actor=actor, caused_by=caused_by)

    def gather(found: DatasetVersion | None) -> tuple[_Batch, Landing]:
        waiting = unlanded(stores, dataset.name, types_of(found) | types_for(dataset))
        nothing = Landing(dataset=dataset.name, version=None, previous=None)
        if waiting.frame.height == 0:
            return _Batch(files=(), digests=(), named=False), nothing
        rows = FileRows(name="pushed", frame=waiting.frame, lines=None, failures=())
        digest = digest_bytes(_parquet(waiting.frame))
        return _Batch(files=(rows,), digests=(digest,), named=False, cursor=waiting.cursor), nothing

    return _land(stores, dataset, cause, gather)


def _land(
    stores: Stores, dataset: Dataset, cause: _Cause, gather: Callable[[DatasetVersion | None], tuple[_Batch, Landing]]
) -> Landing:
    for attempt in range(_ATTEMPTS):
        found = current(stores, dataset.name)
        try:
            batch, landing = gather(found)
        except DataRefusedError as refusal:
            _record_refusal(stores, dataset, cause, refusal)
            raise
        try:
            return _commit(stores, dataset, cause, found, batch, landing)
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _is_new(file: SourceFile, found: DatasetVersion | None) -> bool:
    """Whether the file holds what its path did not hold last; a renamed or copied file is not new."""
    if found is None:
        return True
    of_path = [part.source_digest for part in found.parts if part.source == file.name]
    if of_path:
        return of_path[-1] != file.digest
    return all(part.source_digest != file.digest for part in found.parts)


def _read(
    files: Sequence[SourceFile], dataset: Dataset, found: DatasetVersion | None
) -> tuple[tuple[FileRows, Digest], ...]:
    """The files' rows in types that agree with one another and with the version before."""
    stated = types_for(dataset)
    text = {name: dtype for name, dtype in types_of(found).items() if dtype == pl.String}
    read: list[tuple[FileRows, Digest]] = []
    for file in files:
        rows = read_file(Path(file.path), name=file.name, expected=text | stated)
        text |= {name: dtype for name, dtype in rows.frame.schema.items() if dtype == pl.String}
        read.append((rows, file.digest))
    return tuple(read)


def _checked(
    read: Sequence[tuple[FileRows, Digest]], dataset: Dataset, found: DatasetVersion | None, *, named: bool = True
) -> _Batch:
    """The whole landing, checked as one table, in which a position is a row of a certain file."""
    files = tuple(rows for rows, _ in read)
    if files:
        starts = [0]
        for rows in files:
            starts.append(starts[-1] + rows.frame.height)

        def place(position: int) -> str:
            index = max(i for i, start in enumerate(starts[:-1]) if start <= position)
            return files[index].place(position - starts[index])

        failures = [
            msgspec.structs.replace(
                failure, positions=tuple(position + starts[index] for position in failure.positions)
            )
            for index, rows in enumerate(files)
            for failure in rows.failures
        ]
        clashes = _clashes(files, types_of(found), types_for(dataset))
        told = {failure.column for failure in clashes}
        frames = [rows.frame.drop([name for name in rows.frame.columns if name in told]) for rows in files]
        whole = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
        broken = broken_rules(whole, dataset, [*failures, *clashes])
        broken.refuse(place)
    return _Batch(files=files, digests=tuple(digest for _, digest in read), named=named)


def _clashes(
    files: Sequence[FileRows], before: dict[str, pl.DataType], stated: dict[str, pl.DataType]
) -> list[Failure]:
    """Columns whose type in one file cannot be joined with the type they had so far."""
    so_far = dict(before)
    clashes: dict[str, Failure] = {}
    for rows in files:
        for name, dtype in rows.frame.schema.items():
            joint = dtype if name in stated else common(so_far.get(name, dtype), dtype)
            if joint is None:
                rule = f"type {shown(so_far[name])} as before, found {shown(dtype)} in {rows.name}"
                clashes.setdefault(name, Failure(column=name, rule=rule))
            else:
                so_far[name] = joint
    return list(clashes.values())


def _commit(
    stores: Stores, dataset: Dataset, cause: _Cause, found: DatasetVersion | None, batch: _Batch, landing: Landing
) -> Landing:
    """Store the parts and move the pointer, if there is anything new."""
    previous = None if found is None else found.digest
    declared = found is not None and (found.key, found.event_time, found.known_at) == (
        dataset.key,
        dataset.event_time,
        dataset.known_at,
    )
    if not batch.files and (found is None or declared):
        return replace(landing, version=previous, previous=previous, files=())
    old = () if found is None else found.parts if declared else _redescribed(stores, found, dataset)
    new = tuple(
        _store(stores, dataset, cause.known_at, rows, digest if not batch.named else digest, named=batch.named)
        for rows, digest in zip(batch.files, batch.digests, strict=True)
    )
    version = DatasetVersion(
        name=dataset.name,
        schema=_schema(found, batch.files),
        parts=(*old, *new),
        key=dataset.key,
        event_time=dataset.event_time,
        known_at=dataset.known_at,
    )
    rows = sum(part.rows for part in new)
    event = EventDraft(
        kind="dataset_landed",
        subject=f"dataset:{dataset.name}",
        actor=cause.actor,
        caused_by=cause.caused_by,
        logical_at=cause.clock.now(),
        data={
            "version": version.digest,
            "previous": previous,
            "rows": rows,
            "parts": len(new),
            "files": list(landing.files),
            "known_at": cause.known_at,
            "last_event_at": version.last_event_at,
            "vanished": list(landing.vanished),
        },
    )
    records: list[Record] = [version.record(at=cause.clock.now())]
    if batch.cursor is not None:
        records.append(batch.cursor.record(dataset.name, at=cause.clock.now()))
    pointer = ref_of(dataset.name)
    written = stores.ledger.commit(
        expect={pointer: previous}, moves={pointer: version.digest}, records=records, events=[event]
    )
    return replace(landing, version=version.digest, previous=previous, rows=rows, event=written[-1].seq)


def _store(stores: Stores, dataset: Dataset, known_at: Micros, rows: FileRows, digest: Digest, *, named: bool) -> Part:
    blob = stores.blobs.put(_parquet(rows.frame))
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


def _redescribed(stores: Stores, found: DatasetVersion, dataset: Dataset) -> tuple[Part, ...]:
    """The parts again, under a declaration that names another key or other times."""
    return tuple(
        _described(part, pl.read_parquet(stores.blobs.local_path(part.blob), glob=False), dataset)
        for part in found.parts
    )


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


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def _record_refusal(stores: Stores, dataset: Dataset, cause: _Cause, refusal: DataRefusedError) -> None:
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
    stores.ledger.commit(
        events=[
            EventDraft(
                kind="dataset_refused",
                subject=f"dataset:{dataset.name}",
                actor=cause.actor,
                caused_by=cause.caused_by,
                logical_at=cause.clock.now(),
                data={"code": refusal.code, "failures": kept},
            )
        ]
    )
