import sqlite3

import pytest

from loopwright.core.clock import SECOND
from loopwright.errors import HomeTooNewError, NoSpaceError, StoreBusyError
from loopwright.store.backends.sqlite_kv import KV_FORMAT, SqliteKeyValues
from loopwright.testing.clocks import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kv.db"


@pytest.fixture
def kv(path, clock):
    kv = SqliteKeyValues(path, clock=clock, busy_timeout_s=0.2)
    yield kv
    kv.close()


def pairs(path):
    with sqlite3.connect(path) as db:
        return db.execute("SELECT count(*) FROM pairs").fetchone()[0]


def test_values_outlive_the_object(path, clock):
    first = SqliteKeyValues(path, clock=clock)
    first.put_many({"a": b"1"})
    first.close()
    second = SqliteKeyValues(path, clock=clock)
    assert second.get_many(["a"]) == {"a": b"1"}
    second.close()


def test_expired_pairs_leave_the_file_with_later_writes(kv, path, clock):
    kv.put_many({f"k{number}": b"1" for number in range(150)}, expires_at=clock.now() + SECOND)
    kv.put_many({"kept": b"1"})
    clock.advance(2 * SECOND)
    kv.put_many({"new": b"1"})
    assert pairs(path) == 52
    kv.delete_many(["absent"])
    assert pairs(path) == 2


def test_a_store_of_a_newer_version_is_left_alone(path, clock):
    SqliteKeyValues(path, clock=clock).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={KV_FORMAT + 1}")
    with pytest.raises(HomeTooNewError):
        SqliteKeyValues(path, clock=clock)


def test_a_writer_that_waits_too_long_says_so(kv, path):
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError):
            kv.put_many({"a": b"1"})
        other.execute("ROLLBACK")


def test_a_full_disk_is_named_and_changes_nothing(kv):
    kv.put_many({"a": b"1"})
    pages = kv._file._writer.execute("PRAGMA page_count").fetchone()[0]
    kv._file._writer.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NoSpaceError):
        kv.put_many({"a": b"2", "b": b"x" * 100_000})
    assert kv.get_many(["a", "b"]) == {"a": b"1"}
