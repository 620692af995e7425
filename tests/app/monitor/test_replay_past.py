"""A home as it was at an instant."""

from pathlib import Path

import polars as pl
import pytest
from tests.app.monitor.a_watched_home import DAY, FIRST, NAME, a_home, champion, drift_of, look

from loopwright.app.monitor.replay_past import PastClock, PastLedger, PastTables
from loopwright.core.clock import SystemClock
from loopwright.core.events import EventDraft
from loopwright.errors import UsageError
from loopwright.store.ledger import Record, RefMove


@pytest.fixture
def clock() -> PastClock:
    return PastClock(FIRST * DAY, SystemClock())


def test_a_ref_is_where_it_was(tmp_path: Path, clock: PastClock) -> None:
    home = a_home(tmp_path)
    name = home.ref("model", NAME, "champion")
    past = PastLedger(home.stores.ledger, clock)
    assert past.ref(name) == champion(home)
    clock.at = FIRST * DAY - 1
    assert past.ref(name) is None
    assert name not in past.refs()
    fixed = PastLedger(home.stores.ledger, clock, moves=[RefMove(name=name, target="other", at=0, seq=0)])
    assert fixed.ref(name) == "other"


def test_records_of_later_and_of_watching_are_not_seen(tmp_path: Path, clock: PastClock) -> None:
    home = a_home(tmp_path)
    look(home, 0, drift={"verdicts": [drift_of(1.0)]})
    home.stores.ledger.commit(records=[Record(kind="thing", id="early", data={}, at=FIRST * DAY),
                                       Record(kind="thing", id="late", data={}, at=FIRST * DAY + 1)])  # fmt: skip
    past = PastLedger(home.stores.ledger, clock)
    assert [record.id for record in past.search("thing")] == ["early"]
    assert past.record("thing", "late") is None
    clock.at = (FIRST + 9) * DAY
    assert past.record("thing", "late") is not None
    assert past.record("watch_day", f"{NAME}/{FIRST}") is None
    assert past.search("watch_day") == ()


def test_what_is_written_stays_in_memory(tmp_path: Path, clock: PastClock) -> None:
    home = a_home(tmp_path)
    before = home.stores.ledger.read(limit=1_000)
    past = PastLedger(home.stores.ledger, clock)
    said = EventDraft(kind="incident_opened", subject="incident:x", data={}, caused_by=(before[-1].seq,))
    past.commit(records=[Record(kind="watch", id=NAME, data={"a": 1})], events=[said], moves={"x@y": "z"})
    found = past.record("watch", NAME)
    assert found is not None
    assert found.data == {"a": 1}
    assert past.ref("x@y") == "z"
    assert home.stores.ledger.read(limit=1_000) == before
    assert home.stores.ledger.record("watch", NAME) is None
    assert home.stores.ledger.ref("x@y") is None


def test_the_journal_ends_now_and_is_read_in_pages(tmp_path: Path, clock: PastClock) -> None:
    home = a_home(tmp_path)
    drafts = [EventDraft(kind="said", subject="x:1", data={}, logical_at=(FIRST + day) * DAY) for day in range(5)]
    home.stores.ledger.commit(events=drafts)
    past = PastLedger(home.stores.ledger, clock)
    seen = past.read()
    assert [event.logical_at for event in seen if event.kind == "said"] == [FIRST * DAY]
    clock.at = (FIRST + 9) * DAY
    assert [event.seq for event in past.read(after=seen[-1].seq, limit=2)] == [seen[-1].seq + 1, seen[-1].seq + 2]


def test_rows_of_later_are_not_seen(clock: PastClock) -> None:
    loads = []

    def load(table: str) -> pl.DataFrame:
        loads.append(table)
        return pl.DataFrame({"at": [30, 10, 20], "x": [3, 1, 2]}) if table == "t" else pl.DataFrame()

    tables = PastTables(load, clock)
    clock.at = 20
    assert tables.scan("t")["x"].to_list() == [1, 2]
    assert tables.scan("t", since=20)["x"].to_list() == [2]
    assert tables.scan("t", until=20)["x"].to_list() == [1]
    assert tables.scan("t", until=99)["x"].to_list() == [1, 2]
    clock.at = 99
    assert tables.scan("t", columns=["x", "none"]).to_dicts()[2] == {"x": 3, "none": None}
    assert loads == ["t"]
    assert tables.scan("empty").height == 0
    assert tables.scan("empty", columns=["a"]).columns == ["a"]
    with pytest.raises(UsageError):
        tables.append("t", [{}])
