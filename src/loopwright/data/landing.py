"""Landing: new and changed files become parts of a new version, all of them or none.

The order is: read, check everything, store the parts as blobs, then one ledger commit that writes the version, moves
the dataset's pointer and says so in the journal. A kill before the commit leaves blobs that nobody names; the pointer
means the old version or the new one.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import polars as pl

from loopwright.core.clock import Clock, Micros
from loopwright.core.hashing import Digest, digest_bytes
from loopwright.data.coercion import common, shown, typed_frame
from loopwright.data.column_types import types_of
from loopwright.data.contract import required_columns
from loopwright.data.dataset import Dataset
from loopwright.data.failure import FIRST, Failure
from loopwright.data.parts import DatasetVersion, current
from loopwright.data.pending import STAT_CACHE, is_new
from loopwright.data.publishing import Batch, Cause, Landing, parquet_bytes, publish, record_refusal
from loopwright.data.pushing import unlanded
from loopwright.data.reading import FileRows, read_file
from loopwright.data.rules import broken_rules, types_for
from loopwright.data.source import SourceFile, StatCache, probe
from loopwright.errors import ConflictError, DataRefusedError, UsageError
from loopwright.store.open_stores import Stores

_ATTEMPTS = 5


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
    cause = Cause(clock=clock, known_at=clock.now() if known_at is None else known_at, actor=actor, caused_by=caused_by)
    patterns = dataset.patterns if paths is None else tuple(str(path) for path in paths)
    if not patterns:
        raise UsageError(
            f"dataset {dataset.name!r} has no source to land", fix="Give it `source=`, or land what was pushed."
        )
    project = stores.home.parent

    def gather(found: DatasetVersion | None) -> tuple[Batch, Landing]:
        files = probe(patterns, project=project, cache=StatCache(stores.home / STAT_CACHE))
        new = [file for file in files if is_new(file, found)]
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

    return _land(stores, dataset, cause, gather=gather)


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
    cause = Cause(clock=clock, known_at=clock.now() if known_at is None else known_at, actor=actor, caused_by=caused_by)

    def gather(found: DatasetVersion | None) -> tuple[Batch, Landing]:
        typed, failures = typed_frame(frame, types_for(dataset), text=False)
        rows = FileRows(name="frame", frame=typed, lines=None, failures=tuple(failures))
        digest = digest_bytes(parquet_bytes(typed))
        known = found is not None and any(part.source_digest == digest for part in found.parts)
        new = () if known or frame.height == 0 else ((rows, digest),)
        return _checked(new, dataset, found, named=False), Landing(dataset=dataset.name, version=None, previous=None)

    return _land(stores, dataset, cause, gather=gather)


def land_pushed(
    stores: Stores, dataset: Dataset, *, clock: Clock, actor: str = "system", caused_by: tuple[int, ...] = ()
) -> Landing:
    """Turn the rows pushed since the last time into one part, exactly once: the cursor moves in the same commit."""
    cause = Cause(clock=clock, known_at=clock.now(), actor=actor, caused_by=caused_by)

    def gather(found: DatasetVersion | None) -> tuple[Batch, Landing]:
        waiting = unlanded(stores, dataset.name, types_of(found) | types_for(dataset))
        nothing = Landing(dataset=dataset.name, version=None, previous=None)
        if waiting.frame.height == 0:
            return Batch(files=(), digests=(), named=False), nothing
        rows = FileRows(name="pushed", frame=waiting.frame, lines=None, failures=())
        digest = digest_bytes(parquet_bytes(waiting.frame))
        return Batch(files=(rows,), digests=(digest,), named=False, cursor=waiting.cursor), nothing

    return _land(stores, dataset, cause, gather=gather)


def _land(
    stores: Stores, dataset: Dataset, cause: Cause, *, gather: Callable[[DatasetVersion | None], tuple[Batch, Landing]]
) -> Landing:
    for attempt in range(_ATTEMPTS):
        found = current(stores, dataset.name)
        try:
            batch, landing = gather(found)
        except DataRefusedError as refusal:
            record_refusal(stores, dataset, cause, refusal=refusal)
            raise
        try:
            return publish(stores, dataset, cause, found=found, batch=batch, landing=landing)
        except ConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


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
) -> Batch:
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
        broken = broken_rules(whole, dataset, [*_missing(files, dataset), *failures, *clashes])
        broken.refuse(place)
    return Batch(files=files, digests=tuple(digest for _, digest in read), named=named)


def _missing(files: Sequence[FileRows], dataset: Dataset) -> list[Failure]:
    """Columns that one of several files lacks; joined with the others it would have nulls there."""
    declared = [column for column in (dataset.key, dataset.event_time, dataset.known_at) if column is not None]
    needed = dict.fromkeys([*declared, *required_columns(dataset.contract)])
    lacking = {column: tuple(rows.name for rows in files if column not in rows.frame.columns) for column in needed}
    return [Failure(column=c, rule="column missing", places=names[:FIRST]) for c, names in lacking.items() if names]


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
