"""The past through the rules of the loop file as it is now."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.app.monitor.a_watched_home import DAY, FIRST, NAME, a_home, ask, drift_of, look

import loopwright as lw
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.monitor.replay import AskedReplay, replay_monitors
from loopwright.app.monitor.replay_alarms import Span
from loopwright.app.workspace import Workspace
from loopwright.errors import UsageError

DAYS, TURNED = 40, 15


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A month and more of requests, whose distance moves on the sixteenth day."""
    workspace = a_home(tmp_path_factory.mktemp("past"), days=DAYS)
    for day in range(DAYS):
        ask(workspace, day, 60, shift=600.0 if day >= TURNED else 0.0)
    look(workspace, 3, drift={"verdicts": [drift_of(9_999.0, "fail")]})
    return workspace


def loaded(*rules: Any) -> LoadedLoop:
    loop = lw.Loop(NAME, pipeline=lambda: None, monitor=rules or (lw.drift(least_effect=0.2),))
    return LoadedLoop(loop=loop, datasets={}, path=Path(), project=Path(), module=ModuleType("loop"))


def test_a_rule_speaks_when_it_would_have_spoken(home: Workspace) -> None:
    real = Span(since=(FIRST + TURNED) * DAY, until=(FIRST + DAYS) * DAY)
    ticks: list[int] = []
    found = replay_monitors(home, loaded(), AskedReplay(real=(real,)), start=lambda label, total: ticks.append)
    (drift,) = found.rules
    assert drift.check == "drift"
    assert len(drift.alarms) >= 1
    assert TURNED < drift.alarms[0].since // DAY - FIRST <= TURNED + 12
    assert (drift.false, drift.missed) == (0, 0)
    assert drift.alarms[0].delay_us == drift.alarms[0].since - real.since
    assert found.incidents == 1
    assert found.looks == len(ticks) == DAYS + 1
    assert found.rows == 60 * DAYS
    assert found.report.incidents[0].opened_at == drift.alarms[0].since


def test_nothing_is_written_to_the_home(home: Workspace) -> None:
    ledger = home.stores.ledger
    before = (ledger.read(limit=10_000), ledger.search("watch_day"), ledger.search("incident"), ledger.refs())
    files = sorted(path for path in home.home.rglob("*") if path.suffix not in (".db-wal", ".db-shm"))
    replay_monitors(home, loaded(), AskedReplay(until=(FIRST + 3) * DAY))
    assert (ledger.read(limit=10_000), ledger.search("watch_day"), ledger.search("incident"), ledger.refs()) == before
    assert sorted(path for path in home.home.rglob("*") if path.suffix not in (".db-wal", ".db-shm")) == files


def test_what_was_recorded_then_does_not_count(home: Workspace) -> None:
    found = replay_monitors(home, loaded(), AskedReplay(until=(FIRST + 10) * DAY))
    assert found.rules[0].alarms == ()
    assert found.incidents == 0


def test_an_incident_that_is_taken_as_dealt_with_lets_the_rule_begin_anew(home: Workspace) -> None:
    once = replay_monitors(home, loaded(), AskedReplay())
    again = replay_monitors(home, loaded(), AskedReplay(resolve_after=2 * DAY))
    assert once.incidents == 1
    assert again.incidents > 1


def test_a_loop_that_watches_nothing_has_nothing_to_replay(home: Workspace) -> None:
    nothing = replace(loaded(), loop=lw.Loop(NAME, pipeline=lambda: None))
    with pytest.raises(UsageError, match="watches nothing"):
        replay_monitors(home, nothing, AskedReplay())


def test_an_empty_period_is_said(home: Workspace) -> None:
    with pytest.raises(UsageError, match="empty"):
        replay_monitors(home, loaded(), AskedReplay(until=FIRST * DAY))
