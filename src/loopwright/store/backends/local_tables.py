"""Tables in a local folder: open segments of JSON lines, sealed ones as Parquet blobs that ledger records name."""

import fcntl
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.ids import IdSource
from loopwright.errors import BlobMissingError
from loopwright.store.backends.local_segments import FreeSegments, Segment
from loopwright.store.backends.open_rows import OpenRows
from loopwright.store.backends.os_errors import named_os_errors
from loopwright.store.backends.part_merging import mergeable
from loopwright.store.backends.row_frames import checked_table, concatenate, frame_of, select, to_lines, whole_lines
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger, Record
from loopwright.store.tables import Row, SealedPart, Tables

if TYPE_CHECKING:
    import polars as pl

SEGMENT_KIND = "table_segment"
ROTATED_AT_BYTES = 16 << 20
_ALL = 1_000_000
_LOOKS = 3
_Time = tuple[Micros | None, Micros | None]


class LocalTables(Tables):
    """Tables in `folder`; each name is a folder of open segments, and a set of `table_segment` records in the ledger.

    An append is one write to the operating system, so that it survives a kill of the process; with `fdatasync` it
    survives a crash of the machine too. Sealed segments survive both.

    Args:
        folder: Made where it is not there.
        blobs: Takes the Parquet of sealed segments.
        ledger: Publishes them: a segment is open until the commit that names it, and sealed from that commit on.
        ids: Names segments.
        rotated_at_bytes: Size from which a segment is closed and another begun.
        fdatasync: Whether appends wait for the device.
    """

    def __init__(
        self,
        folder: Path,
        *,
        blobs: Blobs,
        ledger: Ledger,
        ids: IdSource,
        rotated_at_bytes: int = ROTATED_AT_BYTES,
        fdatasync: bool = False,
    ) -> None:
        self._folder = folder
        self._blobs = blobs
        self._ledger = ledger
        self._ids = ids
        self._rotated_at_bytes = rotated_at_bytes
        self._fdatasync = fdatasync
        self._lock = Lock()
        self._own: dict[str, Segment] = {}
        self._opened = OpenRows()
        with named_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def append(self, table: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        lines = to_lines(checked_table(table), rows)
        with self._lock:
            segment = self._own.get(table)
            if segment is None:
                segment = Segment(self._open_folder(table), self._ids("seg"), fdatasync=self._fdatasync)
                self._own[table] = segment
            segment.append(lines)
            if segment.size_bytes >= self._rotated_at_bytes:
                self._own.pop(table).close()

    def scan(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
    ) -> "pl.DataFrame":
        for _ in range(_LOOKS - 1):
            try:
                return self._scan(table, columns, (since, until))
            except (BlobMissingError, FileNotFoundError):
                pass  # a part that was dropped or merged while it was to be read; it is not listed any more
        return self._scan(table, columns, (since, until))

    def _scan(self, table: str, columns: Sequence[str] | None, within: _Time) -> "pl.DataFrame":
        since, until = within
        # The open segments are read before the ledger: one that is sealed meanwhile is then found in both and left out
        # here; the other way round its rows could be missed.
        opened = self._opened.frames(self._open_folder(checked_table(table)))
        sealed = self._sealed(table)
        published = {source for record in sealed for source in record.data["sources"]}
        wanted = [record for record in sealed if _overlaps(record, since, until)]
        frames = [self._read_sealed(record.data["digest"], columns, within) for record in wanted]
        unpublished = (frame for name, frame in opened.items() if name not in published)
        frames += [select(frame, columns=None, since=since, until=until) for frame in unpublished]
        # A part without a row of the time asked for has no say in the columns' types.
        spoken = [frame for frame in frames if frame.height] or frames
        return select(concatenate(spoken), columns=columns, since=None, until=None)

    def seal(self, table: str) -> int:
        with self._lock:
            own = self._own.pop(checked_table(table), None)
            if own is not None:
                own.close()
        folder = self._open_folder(table)
        if not folder.is_dir():
            return 0
        with _only_one(folder.parent / "seal.lock"):
            free = FreeSegments(folder)
            try:
                rows = self._seal_free(table, free.paths)
            finally:
                free.release()
            self._merge(table)
        return rows

    def sealed(self, table: str) -> tuple[SealedPart, ...]:
        found = (
            SealedPart(id=r.id, rows=r.data["rows"], first_at=r.data["first_at"], last_at=r.data["last_at"])
            for r in self._sealed(checked_table(table))
        )
        return tuple(sorted(found, key=lambda part: (part.first_at, part.id)))

    def drop(self, table: str, parts: Sequence[str]) -> int:
        folder = self._open_folder(checked_table(table))
        if not folder.is_dir():
            return 0
        with _only_one(folder.parent / "seal.lock"):
            gone = [record for record in self._sealed(table) if record.id in set(parts)]
            for source in (source for record in gone for source in record.data["sources"]):
                (folder / source).unlink(missing_ok=True)  # published already, and left there by a kill
            self._unpublish(table, gone)
            self._delete_dropped(table)
        return sum(int(record.data["rows"]) for record in gone)

    def names(self) -> tuple[str, ...]:
        with named_os_errors(self._folder):
            found = {path.parent.parent.name for path in self._folder.glob("*/open/*.jsonl") if _has_row(path)}
        sealed = {str(record.facets.get("table", "")) for record in self._ledger.search(SEGMENT_KIND, limit=_ALL)}
        return tuple(sorted((found | sealed) - {""}))

    def close(self) -> None:
        with self._lock:
            for segment in self._own.values():
                segment.close()
            self._own.clear()

    def _open_folder(self, table: str) -> Path:
        return self._folder / table / "open"

    def _sealed(self, table: str) -> tuple[Record, ...]:
        return self._ledger.search(SEGMENT_KIND, where={"table": table}, order="at", limit=_ALL)

    def _read_sealed(self, digest: Digest, columns: Sequence[str] | None, within: _Time) -> "pl.DataFrame":
        import polars as pl

        since, until = within
        lazy = pl.scan_parquet(self._blobs.local_path(digest))
        there = lazy.collect_schema().names()
        if since is not None:
            lazy = lazy.filter(pl.col("at") >= since)
        if until is not None:
            lazy = lazy.filter(pl.col("at") < until)
        if columns is not None:
            # `at` is kept where none of the columns is there, so that the number of rows is.
            lazy = lazy.select([name for name in columns if name in there] or ["at"])
        return lazy.collect()

    def _seal_free(self, table: str, paths: Sequence[Path]) -> int:
        with named_os_errors(self._folder):
            published = {source for record in self._sealed(table) for source in record.data["sources"]}
            found = {path.name: whole_lines(path.read_bytes()) for path in paths if path.name not in published}
            rows = self._publish(table, {name: data for name, data in found.items() if data})
            for path in paths:
                path.unlink(missing_ok=True)
        return rows

    def _publish(self, table: str, segments: Mapping[str, bytes]) -> int:
        frame = frame_of(b"".join(segments.values()))
        if not frame.height:
            return 0
        record = self._stored(table, frame, sources=sorted(segments))
        facts = {name: value for name, value in record.data.items() if name != "sources"}
        event = EventDraft(kind="segment_sealed", subject=f"table:{table}", data=facts)
        self._ledger.commit(records=[record], events=[event], durability="full")
        return frame.height

    def _merge(self, table: str) -> None:
        """Small parts with the same columns become one. A kill on the way leaves all of them, or their merged part."""
        groups = mergeable(self._sealed(table))
        for group in groups:
            for alike in self._with_same_columns(group):
                self._merge_alike(table, alike)
        if groups:
            self._delete_dropped(table)

    def _with_same_columns(self, parts: Sequence[Record]) -> list[list[Record]]:
        """Parts grouped by their columns and types: others could not be merged without changing a value's type."""
        import polars as pl

        by_schema: dict[str, list[Record]] = {}
        for part in parts:
            schema = pl.scan_parquet(self._blobs.local_path(part.data["digest"])).collect_schema()
            by_schema.setdefault(repr(schema), []).append(part)
        return [alike for alike in by_schema.values() if len(alike) > 1]

    def _merge_alike(self, table: str, parts: Sequence[Record]) -> None:
        import polars as pl

        for source in (source for part in parts for source in part.data["sources"]):
            (self._open_folder(table) / source).unlink(missing_ok=True)  # published already, and left there by a kill
        frames = [pl.read_parquet(self._blobs.local_path(part.data["digest"])) for part in parts]
        merged = self._stored(table, pl.concat(frames), sources=())
        facts = {"segments": len(parts), **{name: merged.data[name] for name in ("digest", "rows")}}
        event = EventDraft(kind="segments_merged", subject=f"table:{table}", data=facts)
        self._ledger.commit(records=[merged, *_dropped(table, parts)], events=[event], durability="full")

    def _stored(self, table: str, frame: "pl.DataFrame", *, sources: Sequence[str]) -> Record:
        """Rows as one Parquet blob, and the record that will publish it."""
        frame = frame.sort("at", maintain_order=True)
        parquet = io.BytesIO()
        frame.write_parquet(parquet, compression="zstd")
        first, last = frame["at"][0], frame["at"][-1]
        digest = self._blobs.put(parquet.getvalue())
        data = {"digest": digest, "rows": frame.height, "first_at": first, "last_at": last, "sources": list(sources)}
        facets = {"table": table, "first_at": first, "last_at": last}
        return Record(kind=SEGMENT_KIND, id=self._ids("sealed"), data=data, facets=facets)

    def _unpublish(self, table: str, gone: Sequence[Record]) -> None:
        """A dropped part keeps its record, under another facet: what there was, and that its blob has to go."""
        if not gone:
            return
        records = list(_dropped(table, gone))
        last_at = max(record.data["last_at"] for record in gone)
        facts = {"segments": len(gone), "rows": sum(record.data["rows"] for record in gone), "last_at": last_at}
        event = EventDraft(kind="segments_dropped", subject=f"table:{table}", data=facts)
        self._ledger.commit(records=records, events=[event], durability="full")

    def _delete_dropped(self, table: str) -> None:
        """Delete the blobs of dropped parts, those too whose drop was killed before it had come to this.

        A part whose blob is gone keeps its record, but no facet by which it would be found and looked at again.
        """
        needed = {record.data["digest"] for record in self._sealed(table)}
        waiting = self._ledger.search(SEGMENT_KIND, where={"dropped": table}, limit=_ALL)
        for record in waiting:
            if record.data["digest"] not in needed:
                self._blobs.delete(record.data["digest"])
        done = [Record(kind=r.kind, id=r.id, data=r.data, at=r.at) for r in waiting]
        if done:
            self._ledger.commit(records=done, durability="normal")


def _dropped(table: str, parts: Sequence[Record]) -> Iterator[Record]:
    """The parts' records, no longer among those of the table, until their blobs are deleted."""
    for part in parts:
        yield Record(kind=part.kind, id=part.id, data=part.data, facets={"dropped": table}, at=part.at)


def _has_row(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.readline().endswith(b"\n")
    except FileNotFoundError:
        return False  # sealed a moment ago, so that its record tells


def _overlaps(record: Record, since: Micros | None, until: Micros | None) -> bool:
    after = since is None or record.data["last_at"] >= since
    return after and (until is None or record.data["first_at"] < until)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One sealing of a table at a time, over all processes of this machine."""
    with named_os_errors(path):
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
