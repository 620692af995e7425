"""What was changed before a stream did."""

from types import SimpleNamespace

import pytest
from tests.app.conftest import rows

from loopwright.app.champion import promote
from loopwright.app.monitor.upstream import between, upstream
from loopwright.app.run import run_loop
from loopwright.core.events import EventDraft
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock

DAY = 86_400_000_000


@pytest.mark.parametrize("count", [0, 1, 2, 7, 500])
def test_events_of_a_span_are_found_wherever_it_lies(count):
    ledger = MemoryLedger(clock=ManualClock())
    for n in range(count):
        ledger.commit(events=[EventDraft(kind="k", subject="s:1", logical_at=10 * n)])
    for since, until in ((0, 10), (5, 25), (10 * count - 11, 10**9), (10**6, 10**9), (-5, 10**9)):
        wanted = [10 * n for n in range(count) if since <= 10 * n < until]
        assert [event.logical_at for event in between(ledger, since, until)] == wanted


def test_reading_a_span_does_not_read_what_is_before_it(monkeypatch):
    ledger = MemoryLedger(clock=ManualClock())
    for n in range(3_000):
        ledger.commit(events=[EventDraft(kind="k", subject="s:1", logical_at=n)])
    read = []
    plain = ledger.read
    monkeypatch.setattr(ledger, "read", lambda **given: read.append(given) or plain(**given))
    assert len(list(between(ledger, 2_990, 2_995))) == 5
    assert len(read) < 40
    assert sum(given.get("limit", 1_000) for given in read if given["limit"] == 1) < 40


def test_data_contract_code_and_champion_are_told_the_nearest_first(bare):
    workspace = bare.workspace(replay=False)
    run_loop(workspace, bare.loaded())
    bare.data(rows(50, first=1_000).with_columns(extra=1), "wider.csv")
    bare.change("min_samples_leaf=leaves()", "min_samples_leaf=2 * leaves()")
    judged = run_loop(workspace, bare.loaded(), parameters={"depth": 3}).judged
    assert judged is not None
    promote(workspace, "small", judged.version, caused_by=())
    found = upstream(workspace, workspace.clock.now())
    said = {one.what: one.said for one in found}
    assert "50 rows landed in table" in said["data"]
    assert "extra is new" in said["contract"]
    assert "code of version 2 of small" in said["code"]
    assert judged.version[:12] in said["champion"]
    times = [one.at for one in found]
    assert times == sorted(times, reverse=True)
    events = {event.seq: event for event in workspace.stores.ledger.read(limit=10_000)}
    assert all(events[one.seq].subject == one.subject for one in found)


def test_what_happens_every_day_is_told_once_and_as_usual():
    drafts = [
        EventDraft(kind="dataset_landed", subject="dataset:w", data={"rows": 9}, logical_at=(100 + n) * DAY)
        for n in range(7)
    ]
    other = EventDraft(kind="dataset_refused", subject="dataset:w", logical_at=103 * DAY)
    ledger = MemoryLedger(clock=ManualClock())
    for draft in sorted([*drafts, other], key=lambda one: one.logical_at or 0):
        ledger.commit(events=[draft])
    home = SimpleNamespace(stores=SimpleNamespace(ledger=ledger))
    found = upstream(home, 106 * DAY)
    assert [(one.what, one.routine) for one in found] == [("data", True), ("refusal", False)]
    assert "one of 7 such" in found[0].said
