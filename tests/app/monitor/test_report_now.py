"""How monitoring stands at this moment."""

from pathlib import Path

import pytest
from tests.app.monitor.a_watched_home import (
    DAY,
    FIRST,
    NAME,
    a_home,
    an_incident,
    champion,
    drift_of,
    look,
    report_of,
    verdict,
)

import loopwright as lw
from loopwright.app.monitor.report_now import COLUMNS, JournalCounts, monitor_now
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.store.ledger import Record


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return a_home(tmp_path)


def test_the_last_word_of_every_rule_is_told(home: Workspace) -> None:
    look(home, 8, drift={"verdicts": [drift_of(10.0)]}, weekly={"verdicts": [verdict("weekly", "warn")]})
    look(home, 9, drift={"verdicts": [drift_of(500.0)]})
    now = monitor_now(home, NAME, [lw.drift(severity="critical", owner="team-a")])
    checks = {check.check: check for check in now.checks}
    assert (checks["drift"].value, checks["drift"].threshold, checks["drift"].sequential) == (500.0, 1_000.0, True)
    assert (checks["drift"].severity, checks["drift"].owner) == ("critical", "team-a")
    assert checks["drift"].at == (FIRST + 10) * DAY
    assert checks["weekly"].outcome == "warn"
    assert now.champion == champion(home)


def test_a_rule_that_has_been_silent_for_long_is_left_out(home: Workspace) -> None:
    look(home, 0, drift={"verdicts": [drift_of(10.0)]})
    assert monitor_now(home, NAME).checks == ()


def test_columns_are_bounded_and_the_furthest_come_first(home: Workspace) -> None:
    look(home, 9, drift={"reports": [report_of(*((f"c{i}", 0.9 - i / 1_000) for i in range(300)))]})
    now = monitor_now(home, NAME)
    assert len(now.columns) == COLUMNS
    assert now.columns[0] == ("c0", 0.9)


def test_incidents_are_counted_with_zeros(home: Workspace) -> None:
    an_incident(home, "inc_1", severity="critical")
    an_incident(home, "inc_2", state="resolved")
    counts = {(severity, state): count for severity, state, count in monitor_now(home, NAME).incidents}
    assert counts["critical", "open"] == 1
    assert counts["warning", "open"] == 0
    assert sum(counts.values()) == 1
    assert len(counts) == 9


def test_messages_that_do_not_get_through_are_counted(home: Workspace) -> None:
    facets = {"endpoint": NAME, "channel": "slack", "state": "given_up"}
    home.stores.ledger.commit(records=[Record(kind="notification", id="n1", data={}, facets=facets)])
    assert monitor_now(home, NAME).notifications == (("slack", "given_up", 1),)


def said(kind: str, **data: object) -> EventDraft:
    return EventDraft(kind=kind, subject=f"loop:{NAME}", data={"endpoint": NAME, **data})


def test_the_journal_is_counted_once_and_from_zero(home: Workspace) -> None:
    ledger = home.stores.ledger
    counts = JournalCounts(ledger, NAME)
    assert counts.counts()["retrain_finished", "failed"] == 0
    ledger.commit(events=[said("retrain_finished", outcome="failed"), said("incident_opened")])
    assert counts.counts()["retrain_finished", "failed"] == 1
    ledger.commit(events=[said("retrain_finished", outcome="failed"), said("retrain_finished", outcome="odd")])
    ledger.commit(events=[EventDraft(kind="incident_opened", subject="incident:x", data={"endpoint": "other"})])
    found = counts.counts()
    assert found == JournalCounts(ledger, NAME).counts()
    assert found["retrain_finished", "failed"] == 2
    assert found["retrain_finished", "odd"] == 1
    assert found["incident_opened", ""] == 1
