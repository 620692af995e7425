import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from loopwright.core.events import EventDraft
from loopwright.errors import (
    ConflictError,
    HomeTooNewError,
    JournalBrokenError,
    NoPermissionError,
    NoSpaceError,
    StoreBusyError,
    StoreError,
)
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.backends.sqlite_ledger import LEDGER_FORMAT, SqliteLedger
from loopwright.store.journal import verify_chain
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    ledger = SqliteLedger(path, clock=ManualClock(), busy_timeout_s=0.2)
    yield ledger
    ledger.close()


def event(subject="run:r"):
    return EventDraft(kind="run_started", subject=subject)


def test_what_was_committed_is_there_after_opening_again(path):
    for number in range(3):
        ledger = SqliteLedger(path, clock=ManualClock())
        ledger.commit(moves={"a": str(number)}, events=[event()])
        ledger.close()
    ledger = SqliteLedger(path, clock=ManualClock())
    assert (ledger.ref("a"), verify_chain(ledger), len(ledger.history("a"))) == ("2", 3, 3)
    ledger.close()


def test_a_ledger_of_a_newer_version_is_left_alone(path):
    SqliteLedger(path, clock=ManualClock()).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={LEDGER_FORMAT + 1}")
    with pytest.raises(HomeTooNewError):
        SqliteLedger(path, clock=ManualClock())


def test_a_writer_that_waits_too_long_says_so(path, ledger):
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError) as busy:
            ledger.commit(moves={"a": "1"})
        other.execute("ROLLBACK")
    assert busy.value.retryable
    ledger.commit(moves={"a": "2"})
    assert ledger.ref("a") == "2"


def test_reading_does_not_wait_for_a_writer(path, ledger):
    ledger.commit(moves={"a": "1"})
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM refs")
        assert ledger.ref("a") == "1"
        other.execute("ROLLBACK")


def test_a_full_disk_is_named_and_leaves_the_ledger_as_it_was(ledger):
    ledger.commit(moves={"a": "1"}, events=[event()])
    pages = ledger._file._writer.execute("PRAGMA page_count").fetchone()[0]
    ledger._file._writer.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NoSpaceError):
        ledger.commit(records=[Record(kind="run", id="r", data={"text": "x" * 100_000})], moves={"a": "2"})
    assert (ledger.ref("a"), ledger.record("run", "r"), verify_chain(ledger)) == ("1", None, 1)


def test_a_ledger_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(NoPermissionError):
        SqliteLedger(tmp_path / "absent" / "ledger.db", clock=ManualClock())


def test_a_file_that_is_no_ledger_is_named(path):
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalBrokenError):
        SqliteLedger(path, clock=ManualClock())


def test_a_closed_ledger_says_so(path):
    ledger = SqliteLedger(path, clock=ManualClock())
    ledger.close()
    with pytest.raises(StoreError):
        ledger.commit(moves={"a": "1"})


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET actor = 'eve' WHERE seq = 2",
        "UPDATE events SET data = '{\"a\":2}' WHERE seq = 2",
        "UPDATE events SET caused_by = '[1]' WHERE seq = 3",
        "DELETE FROM events WHERE seq = 1",
        "DELETE FROM events WHERE seq = 2",
        "UPDATE events SET digest = previous WHERE seq = 3",
        "UPDATE events SET at = at + 1 WHERE seq = 1",
    ],
)
def test_any_alteration_of_the_journal_shows(path, ledger, change):
    ledger.commit(events=[event(), event(), event()])
    with sqlite3.connect(path) as db:
        db.execute(change)
    with pytest.raises(JournalBrokenError):
        verify_chain(ledger)


def test_full_commits_bring_what_they_refer_to_to_the_device_first(path):
    calls = []
    ledger = SqliteLedger(path, clock=ManualClock(), before_full=lambda: calls.append("flushed"))
    ledger.commit(moves={"a": "1"}, durability="normal")
    assert calls == []
    ledger.commit(moves={"a": "2"}, durability="full")
    assert calls == ["flushed"]
    ledger.close()


def test_the_two_durabilities_are_those_of_sqlite(ledger):
    def synchronous():
        return ledger._file._writer.execute("PRAGMA synchronous").fetchone()[0]

    ledger.commit(moves={"a": "1"}, durability="normal")
    assert synchronous() == 1
    ledger.commit(moves={"a": "2"}, durability="full")
    assert synchronous() == 2
    ledger.commit(moves={"a": "2"}, durability="normal")
    assert synchronous() == 1


def test_the_machine_s_time_stays_beside_the_workspace_s(path):
    workspace, machine = ManualClock(5), ManualClock(100)
    ledger = SqliteLedger(path, clock=workspace, machine=machine)
    (written,) = ledger.commit(events=[event()], moves={"a": "1"})
    assert (written.at, written.logical_at, ledger.history("a")[0].at) == (100, 5, 5)
    ledger.close()


def test_threads_that_open_a_fresh_ledger_together_all_get_it(path):
    opened, failed = [], []

    def open_one():
        try:
            opened.append(SqliteLedger(path, clock=ManualClock()))
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for ledger in opened:
        ledger.commit(events=[event()])
        ledger.close()
    assert len(opened) == 8


_NAMES = st.sampled_from(["m/a@x", "m/b@x", "n/a@x"])
_TARGETS = st.one_of(st.none(), st.sampled_from(["1", "2"]))
_FACETS = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.one_of(
        st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, float("nan")]), st.sampled_from(["1", "a"])
    ),
)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(), st.text(max_size=3))
_JSON = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
_DATA = st.dictionaries(st.text(max_size=3), _JSON, max_size=3)
_RECORDS = st.lists(
    st.builds(
        Record, kind=st.sampled_from(["run", "model"]), id=st.sampled_from(["a", "b", "c"]), data=_DATA, facets=_FACETS,
        at=st.integers(0, 5),
    ),
    max_size=3,
)  # fmt: skip


class SameAsInMemory(RuleBasedStateMachine):
    """Whatever is done to both, the ledger on disk and the one in memory answer alike."""

    def __init__(self):
        super().__init__()
        clock = ManualClock()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = clock
        self.disk = SqliteLedger(Path(self.folder.name) / "ledger.db", clock=clock)
        self.memory = MemoryLedger(clock=clock)

    def teardown(self):
        self.disk.close()
        self.folder.cleanup()

    @rule(
        expect=st.dictionaries(_NAMES, _TARGETS, max_size=1), moves=st.dictionaries(_NAMES, _TARGETS, max_size=2),
        records=_RECORDS, data=st.lists(_DATA, max_size=2),
    )  # fmt: skip
    def commit(self, expect, moves, records, data):
        self.clock.advance(1)
        events = [EventDraft(kind="k", subject="s", data=one) for one in data]
        answers = []
        for ledger in (self.disk, self.memory):
            try:
                answers.append(
                    ledger.commit(expect=expect, moves=moves, records=records, events=events, durability="normal")
                )
            except ConflictError as error:
                answers.append(error.context)
        assert answers[0] == answers[1]

    @rule(order=st.sampled_from(["at", "-at", "x", "-x", "y", "-y"]), where=_FACETS, limit=st.integers(1, 4))
    def search(self, order, where, limit):
        found = [ledger.search("run", where=where, order=order, limit=limit) for ledger in (self.disk, self.memory)]
        assert found[0] == found[1]

    @invariant()
    def answers_are_the_same(self):
        assert self.disk.refs() == self.memory.refs()
        assert self.disk.refs("m/") == self.memory.refs("m/")
        assert self.disk.history("m/a@x") == self.memory.history("m/a@x")
        assert self.disk.read() == self.memory.read()
        assert verify_chain(self.disk) == verify_chain(self.memory)
        assert [self.disk.record("run", name) for name in "abc"] == [self.memory.record("run", name) for name in "abc"]


TestSameAsInMemory = SameAsInMemory.TestCase
TestSameAsInMemory.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
