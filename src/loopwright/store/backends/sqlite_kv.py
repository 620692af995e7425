"""Key-value pairs in one SQLite file."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from loopwright.core.clock import Clock, Micros
from loopwright.errors import UsageError
from loopwright.store.backends.sqlite_connection import BUSY_TIMEOUT_S, SqliteFile
from loopwright.store.kv import KeyValues

KV_FORMAT = 1
_SCHEMA = """
CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires_at INTEGER) WITHOUT ROWID;
CREATE INDEX pairs_by_expiry ON pairs (expires_at) WHERE expires_at IS NOT NULL
"""
_SET = """INSERT INTO pairs VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"""
_KEYS_A_QUERY = 500
_PURGED_A_WRITE = 100


class SqliteKeyValues(KeyValues):
    """Pairs in `path`. A write survives a kill of the process; a crash of the machine may take the last ones.

    Expired pairs are absent at once and are removed from the file a few at a time, by later writes.

    Args:
        path: The file; made where it is not there.
        clock: Expiries go by its `now()`.
        busy_timeout_s: Longest wait for another process that writes.
    """

    def __init__(self, path: Path, *, clock: Clock, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._file = SqliteFile(path, schema=_SCHEMA, version=KV_FORMAT, busy_timeout_s=busy_timeout_s)
        self._clock = clock

    def use_clock(self, clock: Clock) -> None:
        """Let expiries go by another clock from now on."""
        self._clock = clock

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        now = self._clock.now()
        with self._file.reading() as db:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                part = keys[start : start + _KEYS_A_QUERY]
                marks = ",".join("?" * len(part))
                query = (
                    f"SELECT key, value FROM pairs WHERE key IN ({marks}) AND (expires_at IS NULL OR expires_at > ?)"  # noqa: S608 - only ? marks
                )
                found.update(db.execute(query, (*part, now)).fetchall())
        return found

    def keys(self, prefix: str) -> list[str]:
        query = "SELECT key FROM pairs WHERE key >= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY key"
        found: list[str] = []
        with self._file.reading() as db:
            for (key,) in db.execute(query, (prefix, self._clock.now())):
                if not key.startswith(prefix):
                    break
                found.append(key)
        return found

    def put_many(self, items: Mapping[str, bytes], *, expires_at: Micros | None = None) -> None:
        with self._file.writing(synchronous="NORMAL") as db:
            self._purge(db)
            db.executemany(_SET, [(key, value, expires_at) for key, value in items.items()])

    def delete_many(self, keys: Sequence[str]) -> int:
        with self._file.writing(synchronous="NORMAL") as db:
            self._purge(db)
            return sum(db.execute("DELETE FROM pairs WHERE key = ?", (key,)).rowcount for key in dict.fromkeys(keys))

    def add_if(self, key: str, delta: int, limit: int, *, expires_at: Micros | None = None) -> int | None:
        with self._file.writing(synchronous="NORMAL") as db:
            total = counter(key, self._current(db, key)) + delta
            if total > limit:
                return None
            db.execute(_SET, (key, str(total).encode(), expires_at))
        return total

    def compare_and_set(
        self, key: str, expected: bytes | None, new: bytes, *, expires_at: Micros | None = None
    ) -> bool:
        with self._file.writing(synchronous="NORMAL") as db:
            if self._current(db, key) != expected:
                return False
            db.execute(_SET, (key, new, expires_at))
        return True

    def _current(self, db: sqlite3.Connection, key: str) -> bytes | None:
        row = db.execute(
            "SELECT value FROM pairs WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)", (key, self._clock.now())
        ).fetchone()
        return row[0] if row else None

    def _purge(self, db: sqlite3.Connection) -> None:
        db.execute(
            "DELETE FROM pairs WHERE key IN (SELECT key FROM pairs WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            (self._clock.now(), _PURGED_A_WRITE),
        )


def counter(key: str, value: bytes | None) -> int:
    """The number that a counter's bytes say; 0 where absent.

    Raises:
        UsageError: The value is not a counter.
    """
    try:
        return int(value or b"0")
    except ValueError:
        raise UsageError(f"{key} is not a counter", why="its value is not a whole number") from None
