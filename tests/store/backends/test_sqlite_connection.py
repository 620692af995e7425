import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from loopwright.errors import JournalBrokenError, NoPermissionError, NoSpaceError, StoreBusyError, StoreError
from loopwright.store.backends.sqlite_connection import SqliteFile, named_error


@pytest.fixture
def file(tmp_path):
    file = SqliteFile(tmp_path / "file.db", schema="CREATE TABLE t (x); CREATE INDEX i ON t (x)", version=3)
    yield file
    file.close()


def count(file):
    with file.reading() as db:
        return db.execute("SELECT count(*) FROM t").fetchone()[0]


def test_a_fresh_file_gets_its_tables_and_version(file, tmp_path):
    assert count(file) == 0
    with sqlite3.connect(tmp_path / "file.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_transaction_is_kept_whole_or_not_at_all(file):
    with file.writing(synchronous="NORMAL") as db:
        db.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(StoreError):
        _write_half(file)
    assert count(file) == 1


def _write_half(file):
    with file.writing(synchronous="NORMAL") as db:
        db.execute("INSERT INTO t VALUES (2)")
        db.execute("INSERT INTO absent VALUES (2)")


def test_readers_at_the_same_time_have_a_connection_each(file):
    together = Barrier(4, timeout=10)

    def read(_):
        with file.reading() as db:
            together.wait()
            return id(db)

    with ThreadPoolExecutor(4) as pool:
        first = set(pool.map(read, range(4)))
        again = set(pool.map(read, range(4)))
    assert len(first) == 4
    assert again == first


def test_a_closed_file_says_so_and_keeps_no_connection(file):
    with file.reading() as db:
        file.close()
    with pytest.raises(sqlite3.ProgrammingError):
        db.execute("SELECT 1")
    with pytest.raises(StoreError), file.writing(synchronous="NORMAL"):
        pass


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusyError),
        (sqlite3.SQLITE_FULL, NoSpaceError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, NoPermissionError),
        (sqlite3.SQLITE_CORRUPT_VTAB, JournalBrokenError),
        (sqlite3.SQLITE_IOERR_READ, StoreError),
    ],
)
def test_extended_codes_of_sqlite_are_named(tmp_path, code, expected):
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    found = named_error(error, tmp_path / "file.db")
    assert type(found) is expected
    assert found.why == "said by SQLite"
