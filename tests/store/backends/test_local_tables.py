import fcntl
import os
import resource
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.ids import random_id
from loopwright.errors import ConflictError, NoPermissionError, NoSpaceError
from loopwright.store.backends.local_tables import SEGMENT_KIND, LocalTables
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock


class Made:
    """Tables over a folder, with what they write to."""

    def __init__(self, folder):
        self.folder = folder
        self.blobs = MemoryBlobs()
        self.ledger = MemoryLedger(clock=ManualClock())

    def tables(self, **options):
        return LocalTables(self.folder, blobs=self.blobs, ledger=self.ledger, ids=random_id, **options)

    def segments(self, table="requests"):
        return sorted((self.folder / table / "open").glob("*"))


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path / "tables")


def times(tables, **how):
    return sorted(tables.scan("requests", columns=["at"], **how)["at"].to_list())


def test_an_append_is_one_write(made, monkeypatch):
    tables = made.tables()
    tables.append("requests", [{"at": 0}])
    sizes, write = [], os.write
    monkeypatch.setattr(os, "write", lambda file, data: sizes.append(len(data)) or write(file, data))
    tables.append("requests", [{"at": number} for number in range(100)])
    assert len(sizes) == 1


def test_rows_are_with_the_system_before_append_returns(made):
    made.tables().append("requests", [{"at": 1}])
    assert times(made.tables()) == [1]


@pytest.mark.parametrize("torn", [b'{"at":2', b'{"at":2}', b"\xff\xfe"])
def test_a_torn_last_line_is_left_out_by_scan_and_by_seal(made, torn):
    writer = made.tables()
    writer.append("requests", [{"at": 1}])
    writer.close()
    with made.segments()[0].open("ab") as file:
        file.write(torn)
    tables = made.tables()
    assert times(tables) == [1]
    assert tables.seal("requests") == 1
    assert times(tables) == [1]


def test_segments_rotate_by_size(made):
    tables = made.tables(rotated_at_bytes=30)
    for number in range(6):
        tables.append("requests", [{"at": number}])
    assert len(made.segments()) >= 2
    assert times(tables) == list(range(6))
    assert tables.seal("requests") == 6
    assert made.segments() == []


def test_a_segment_that_another_writer_holds_is_not_sealed(made):
    writer, sealer = made.tables(), made.tables()
    writer.append("requests", [{"at": 1}])
    assert sealer.seal("requests") == 0
    writer.append("requests", [{"at": 2}])
    assert times(sealer) == [1, 2]
    writer.close()
    assert sealer.seal("requests") == 2


def test_a_segment_that_was_taken_away_before_it_was_locked_is_begun_again(made, monkeypatch):
    tables, lock, taken = made.tables(), fcntl.flock, []

    def take_once(file, how):
        if not taken:
            taken.extend(path.unlink() or path for path in made.segments())
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", take_once)
    tables.append("requests", [{"at": 1}])
    assert len(taken) == 1
    assert times(made.tables()) == [1]


def test_a_sealing_that_died_before_its_commit_is_done_again(made, monkeypatch):
    tables = made.tables()
    tables.append("requests", [{"at": 1}])

    def lost(**_):
        raise ConflictError("lost")

    monkeypatch.setattr(made.ledger, "commit", lost)
    with pytest.raises(ConflictError):
        tables.seal("requests")
    monkeypatch.undo()
    assert times(tables) == [1]
    assert tables.seal("requests") == 1
    assert times(tables) == [1]


def test_a_sealing_that_died_after_its_commit_counts_no_row_twice(made):
    tables = made.tables()
    tables.append("requests", [{"at": 1}])
    segment = made.segments()[0]
    data = segment.read_bytes()
    tables.seal("requests")
    segment.write_bytes(data)  # as if it had not been removed yet
    assert times(tables) == [1]
    assert tables.seal("requests") == 0
    assert (times(tables), made.segments()) == ([1], [])


def test_a_scan_that_began_before_a_sealing_counts_every_row_once(made, monkeypatch):
    tables = made.tables()
    tables.append("requests", [{"at": 1}, {"at": 2}])
    search, sealed = made.ledger.search, []

    def sealed_meanwhile(*args, **kwargs):
        if not sealed:
            sealed.append(True)
            sealed[0] = tables.seal("requests")
        return search(*args, **kwargs)

    monkeypatch.setattr(made.ledger, "search", sealed_meanwhile)
    assert times(tables) == [1, 2]
    assert sealed == [2]


def test_segments_outside_the_time_asked_for_are_not_read(made):
    tables = made.tables()
    for at in (10, 20):
        tables.append("requests", [{"at": at}])
        tables.seal("requests")
    (old,) = (record for record in made.ledger.search(SEGMENT_KIND) if record.data["last_at"] == 10)
    made.blobs.delete(old.data["digest"])
    assert times(tables, since=11) == [20]


def test_sealing_is_told_in_the_journal(made):
    tables = made.tables()
    tables.append("requests", [{"at": 5}, {"at": 3}])
    tables.seal("requests")
    (event,) = made.ledger.read()
    assert (event.kind, event.subject) == ("segment_sealed", "table:requests")
    assert (event.data["rows"], event.data["first_at"], event.data["last_at"]) == (2, 3, 5)


def test_a_full_disk_takes_the_whole_batch_or_nothing(made):
    tables = made.tables()
    tables.append("requests", [{"at": 1}])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(NoSpaceError):
            tables.append("requests", [{"at": at, "text": "x" * 100} for at in range(2, 102)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert times(tables) == [1]
    tables.append("requests", [{"at": 2}])
    assert times(tables) == [1, 2]


def test_a_folder_that_may_not_be_written_is_named(made, monkeypatch):
    tables = made.tables()

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(NoPermissionError):
        tables.append("requests", [{"at": 1}])


@pytest.mark.parametrize("wanted", [False, True])
def test_appends_wait_for_the_device_where_that_is_set(made, monkeypatch, wanted):
    calls = []
    monkeypatch.setattr(os, "fdatasync", calls.append)
    made.tables(fdatasync=wanted).append("requests", [{"at": 1}])
    assert bool(calls) == wanted


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
)
_FIELDS = st.sampled_from(["a", "b", "ü"])
_ROWS = st.lists(st.dictionaries(_FIELDS, _SCALARS, max_size=3), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(_ROWS, min_size=1, max_size=4), sealed=st.lists(st.booleans(), min_size=4, max_size=4))
def test_no_row_is_lost_or_doubled_whatever_it_holds(batches, sealed, tmp_path_factory):
    tables = Made(tmp_path_factory.mktemp("tables")).tables()
    at = 0
    for batch, seal in zip(batches, sealed, strict=False):
        rows = [{"at": (at := at + 1), **row} for row in batch]
        tables.append("requests", rows)
        if seal:
            assert tables.seal("requests") > 0
    found = tables.scan("requests").sort("at")
    assert found["at"].to_list() == list(range(1, at + 1))
    wanted = [row for batch in batches for row in batch]
    for name in {name for row in wanted for name in row}:
        nulls = [row.get(name) is None for row in wanted]
        assert found[name].is_null().to_list() == nulls
    tables.close()


def sealed_twice(made):
    tables = made.tables()
    for at in (1, 2):
        tables.append("requests", [{"at": at}])
        tables.seal("requests")
    return tables


def test_dropped_rows_are_off_the_disk_and_told_in_the_journal(made):
    tables = sealed_twice(made)
    first, second = tables.sealed("requests")
    blobs = set(made.blobs.list())
    assert tables.drop("requests", [first.id]) == 1
    (gone,) = blobs - set(made.blobs.list())
    event = made.ledger.read()[-1]
    assert (event.kind, event.subject) == ("segments_dropped", "table:requests")
    assert event.data == {"segments": 1, "rows": 1, "last_at": 1}
    assert made.ledger.record(SEGMENT_KIND, first.id).data["digest"] == gone
    assert times(made.tables()) == [2]
    assert made.tables().sealed("requests") == (second,)


def test_a_drop_that_died_before_its_blobs_were_deleted_is_ended_by_the_next(made, monkeypatch):
    tables = sealed_twice(made)
    with monkeypatch.context() as patched:
        patched.setattr(made.blobs, "delete", lambda digest: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tables.drop("requests", [tables.sealed("requests")[0].id])
    assert times(tables) == [2]
    assert len(list(made.blobs.list())) == 2
    tables.drop("requests", [])
    assert len(list(made.blobs.list())) == 1


def test_a_segment_that_a_killed_sealing_left_does_not_come_back_once_its_part_is_dropped(made):
    tables = made.tables()
    tables.append("requests", [{"at": 1}])
    (path,) = made.segments()
    lines = path.read_bytes()
    tables.seal("requests")
    path.write_bytes(lines)
    tables.drop("requests", [part.id for part in tables.sealed("requests")])
    assert times(tables) == []
    assert tables.seal("requests") == 0


def test_a_scan_that_meets_a_part_that_is_just_being_dropped_goes_on_without_it(made, monkeypatch):
    tables = sealed_twice(made)
    first, _ = tables.sealed("requests")
    read = LocalTables._read_sealed

    def dropped_meanwhile(self, digest, columns, within):
        monkeypatch.setattr(LocalTables, "_read_sealed", read)
        made.tables().drop("requests", [first.id])
        return read(self, digest, columns, within)

    monkeypatch.setattr(LocalTables, "_read_sealed", dropped_meanwhile)
    assert times(tables) == [2]


def sealed_often(made, count, *, row=lambda at: {"at": at, "n": at}):
    tables = made.tables()
    for at in range(count):
        tables.append("requests", [row(at)])
        tables.seal("requests")
    return tables


def test_many_sealings_leave_few_parts_and_every_row(made):
    tables = sealed_often(made, 200)
    assert len(tables.sealed("requests")) < 80
    assert times(tables) == list(range(200))
    assert times(tables, since=50, until=60) == list(range(50, 60))
    assert len(list(made.blobs.list())) == len(tables.sealed("requests"))
    merged = [event for event in made.ledger.read(limit=10_000) if event.kind == "segments_merged"]
    assert {event.data["segments"] for event in merged} == {32}
    assert made.ledger.search(SEGMENT_KIND, where={"dropped": "requests"}, limit=10) == ()


def test_a_merge_changes_the_type_of_no_value(made):
    kinds = (1, True, "x", {"a": 1}, {"a": 1, "b": 2.5}, [1, 2], None)
    tables = sealed_often(made, 120, row=lambda at: {"at": at, "value": kinds[at % len(kinds)]})
    before = made.tables(rotated_at_bytes=1)
    for at in range(120):
        single = before.scan("requests", since=at, until=at + 1)
        wanted = kinds[at % len(kinds)]
        if wanted is not None:
            assert single["value"].to_list() == [wanted], at
    assert sorted(tables.scan("requests")["at"].to_list()) == list(range(120))


def test_a_merge_that_died_before_its_commit_or_after_it_loses_and_doubles_nothing(made, monkeypatch):
    tables = sealed_often(made, 47)
    commit = made.ledger.commit

    def lost(**given):
        if any(event.kind == "segments_merged" for event in given.get("events", ())):
            raise KeyboardInterrupt
        return commit(**given)

    tables.append("requests", [{"at": 47, "n": 47}])
    with monkeypatch.context() as patched:
        patched.setattr(made.ledger, "commit", lost)
        with pytest.raises(KeyboardInterrupt):
            tables.seal("requests")
    assert times(tables) == list(range(48))
    with monkeypatch.context() as patched:
        patched.setattr(made.blobs, "delete", lambda digest: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tables.seal("requests")
    assert times(tables) == list(range(48))
    assert len(tables.sealed("requests")) == 17
    tables.drop("requests", [])
    assert len(list(made.blobs.list())) == 17


def test_a_segment_that_a_killed_sealing_left_does_not_come_back_once_its_part_is_merged(made):
    tables = made.tables()
    tables.append("requests", [{"at": 0, "n": 0}])
    (path,) = made.segments()
    lines = path.read_bytes()
    tables.seal("requests")
    path.write_bytes(lines)
    for at in range(1, 60):
        tables.append("requests", [{"at": at, "n": at}])
        tables.seal("requests")
    assert times(tables) == list(range(60))


def test_a_scan_that_meets_a_part_that_is_just_being_merged_reads_the_merged_one(made, monkeypatch):
    tables = sealed_often(made, 47)
    read = LocalTables._read_sealed

    def merged_meanwhile(self, digest, columns, within):
        monkeypatch.setattr(LocalTables, "_read_sealed", read)
        other = made.tables()
        other.append("requests", [{"at": 100, "n": 1}])
        other.seal("requests")
        return read(self, digest, columns, within)

    monkeypatch.setattr(LocalTables, "_read_sealed", merged_meanwhile)
    assert times(tables)[:47] == list(range(47))
