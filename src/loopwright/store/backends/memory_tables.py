"""Tables in memory, for tests."""

from collections.abc import Sequence
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from loopwright.core.clock import Micros
from loopwright.store.backends.row_frames import checked_table, frame_of, select, to_lines
from loopwright.store.tables import Row, SealedPart, Tables

if TYPE_CHECKING:
    import polars as pl


class MemoryTables(Tables):
    """Rows of this process, kept as the lines that a local folder would hold, so that both read alike."""

    def __init__(self) -> None:
        self._opened: dict[str, list[bytes]] = {}
        self._sealed: dict[str, dict[str, bytes]] = {}
        self._ids = count(1)
        self._lock = Lock()

    def append(self, table: str, rows: Sequence[Row]) -> None:
        lines = to_lines(checked_table(table), rows)
        if lines:
            with self._lock:
                self._opened.setdefault(table, []).append(lines)

    def scan(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
    ) -> "pl.DataFrame":
        with self._lock:
            sealed = self._sealed.get(checked_table(table), {})
            lines = b"".join([*sealed.values(), *self._opened.get(table, [])])
        return select(frame_of(lines), columns=columns, since=since, until=until)

    def seal(self, table: str) -> int:
        with self._lock:
            opened = self._opened.pop(checked_table(table), [])
            if opened:
                self._sealed.setdefault(table, {})[f"sealed_{next(self._ids)}"] = b"".join(opened)
        return sum(lines.count(b"\n") for lines in opened)

    def sealed(self, table: str) -> tuple[SealedPart, ...]:
        with self._lock:
            parts = dict(self._sealed.get(table, {}))
        times = {id: frame_of(lines)["at"].sort() for id, lines in parts.items()}
        found = (SealedPart(id=id, rows=len(at), first_at=at[0], last_at=at[-1]) for id, at in times.items())
        return tuple(sorted(found, key=lambda part: (part.first_at, part.id)))

    def drop(self, table: str, parts: Sequence[str]) -> int:
        with self._lock:
            sealed = self._sealed.get(table, {})
            gone = [sealed.pop(part) for part in parts if part in sealed]
            if not sealed:
                self._sealed.pop(table, None)
        return sum(lines.count(b"\n") for lines in gone)

    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted(self._opened.keys() | self._sealed.keys()))

    def close(self) -> None:
        """Nothing is open."""
