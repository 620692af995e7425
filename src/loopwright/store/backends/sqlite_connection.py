"""How every SQLite back end opens its file, waits for other writers, and names what went wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from loopwright.core.clock import SystemClock
from loopwright.errors import (
    HomeTooNewError,
    JournalBrokenError,
    LoopwrightError,
    NoPermissionError,
    NoSpaceError,
    StoreBusyError,
    StoreError,
)

BUSY_TIMEOUT_S = 10.0
_WAL_TRIES = 500
_WAL_PAUSE_S = 0.02
_PRIMARY_CODE = 0xFF


def named_error(error: sqlite3.Error, path: Path) -> LoopwrightError:
    """The error of our tree that says what SQLite's error means."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    why = str(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(f"{path.name} stayed locked by another process", why=why, path=str(path))
    if code == sqlite3.SQLITE_FULL:
        return NoSpaceError(f"the disk that holds {path} is full", why=why, path=str(path))
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH):
        return NoPermissionError(f"{path} cannot be opened for reading and writing", why=why, path=str(path))
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalBrokenError(f"{path} is damaged", why=why, path=str(path))
    return StoreError(f"{path} could not be read or written", why=why, path=str(path))


class SqliteFile:
    """One SQLite file in WAL mode: one connection that writes, under a lock, and a pool of connections that read.

    Safe from several threads and processes. A process that forks must not use the parent's object in the child.

    Args:
        path: The file; made, with `schema`, where it is not there.
        schema: Statements that make version `version` of the tables.
        version: What `PRAGMA user_version` must say; a greater one is HomeTooNewError.
        busy_timeout_s: Longest wait for another process that writes, in seconds.
    """

    def __init__(self, path: Path, *, schema: str, version: int, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._timeout_s = busy_timeout_s
        self._write_lock = Lock()
        self._pool_lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._synchronous = ""
        self._closed = False
        with self._named_errors():
            self._writer = self._connect()
            try:
                self._prepare(schema, version)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def writing(self, *, synchronous: str) -> Iterator[sqlite3.Connection]:
        """A write transaction (`BEGIN IMMEDIATE`), committed at the end and rolled back on any error.

        Args:
            synchronous: `FULL` survives a crash of the machine, `NORMAL` a kill of the process.
        """
        with self._write_lock, self._named_errors():
            connection = self._writer
            if synchronous != self._synchronous:
                connection.execute(f"PRAGMA synchronous={synchronous}")
                self._synchronous = synchronous
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of the pool, for reading only; readers never wait for writers."""
        with self._named_errors():
            with self._pool_lock:
                connection = self._idle.pop() if self._idle else None
            connection = connection or self._connect()
            try:
                yield connection
            finally:
                self._put_back(connection)

    def _put_back(self, connection: sqlite3.Connection) -> None:
        with self._pool_lock:
            closed = self._closed
            if not closed:
                self._idle.append(connection)
        if closed:
            connection.close()

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._write_lock, self._pool_lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection

    def _prepare(self, schema: str, version: int) -> None:
        self._check_version(version)
        self._use_wal()
        if self._version() < version:
            self._writer.execute("BEGIN IMMEDIATE")
            if self._version() == 0:
                for statement in filter(str.strip, schema.split(";")):
                    self._writer.execute(statement)
                self._writer.execute(f"PRAGMA user_version={version}")
            self._writer.execute("COMMIT")
        self._check_version(version)

    def _use_wal(self) -> None:
        # When two processes switch a fresh file to WAL at once, SQLite answers "locked" without its busy wait.
        for attempt in range(_WAL_TRIES):
            try:
                if self._writer.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
                    return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
                if not busy or attempt == _WAL_TRIES - 1:
                    raise
            SystemClock().sleep(_WAL_PAUSE_S)

    def _version(self) -> int:
        return int(self._writer.execute("PRAGMA user_version").fetchone()[0])

    def _check_version(self, version: int) -> None:
        found = self._version()
        if found > version:
            raise HomeTooNewError(
                f"{self.path.name} has format {found}; this version reads up to {version}", path=str(self.path)
            )

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise StoreError(f"{self.path.name} was closed", why=str(error), fix="Open the stores again.") from error
        except sqlite3.Error as error:
            raise named_error(error, self.path) from error
