"""Tables in memory, for tests."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from loopwright.core.clock import Micros
from loopwright.store.backends.row_frames import checked_table, frame_of, select, to_lines
from loopwright.store.tables import Row, Tables

if TYPE_CHECKING:
    import polars as pl


class MemoryTables(Tables):
    """Rows of this process, kept as the lines that a local folder would hold, so that both read alike."""

    def __init__(self) -> None:
        self._opened: dict[str, list[bytes]] = {}
        self._sealed: dict[str, list[bytes]] = {}
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
            lines = b"".join(self._sealed.get(checked_table(table), []) + self._opened.get(table, []))
        return select(frame_of(lines), columns=columns, since=since, until=until)

    def seal(self, table: str) -> int:
        with self._lock:
            opened = self._opened.pop(checked_table(table), [])
            if opened:
                self._sealed.setdefault(table, []).extend(opened)
        return sum(lines.count(b"\n") for lines in opened)

    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted(self._opened.keys() | self._sealed.keys()))

    def close(self) -> None:
        """Nothing is open."""
