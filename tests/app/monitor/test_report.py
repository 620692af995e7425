"""What monitoring knows of an endpoint, as one value."""

from pathlib import Path

import msgspec
import pytest
from tests.app.monitor.a_watched_home import (
    DAY,
    FIRST,
    NAME,
    a_home,
    an_incident,
    ask,
    champion,
    drift_of,
    look,
    report_of,
    verdict,
)

import loopwright as lw
from loopwright.app.monitor.report import MonitorReport, monitor_report
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.errors import NotFoundError


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    workspace = a_home(tmp_path)
    for day in range(10):
        ask(workspace, day)
        look(workspace, day, drift={"verdicts": [drift_of(1.0)], "reports": [report_of(("carrier", 0.2))]})
    an_incident(workspace)
    return workspace


def test_all_of_it_is_told_and_survives_json(home: Workspace) -> None:
    report = monitor_report(home, NAME)
    assert report.champion is not None
    assert (report.champion.digest, report.champion.number) == (champion(home), 1)
    assert [rule.check for rule in report.rules] == ["drift", "drift report"]
    assert report.columns[0].name == "carrier"
    assert report.columns[0].moved
    assert report.columns_watched == 4
    assert report.incidents_by_state == {"open": 1}
    assert report.days == 10
    assert msgspec.json.decode(msgspec.json.encode(report), type=MonitorReport) == report


def test_a_rule_that_has_not_been_looked_at_is_unknown_and_told(home: Workspace) -> None:
    rules = (lw.watch.latency(at_most="50ms"),)
    waiting = monitor_report(home, NAME, rules=rules).rules[-1]
    assert (waiting.check, waiting.looks, waiting.latest["outcome"]) == (rules[0].name, 0, "unknown")
    look(home, 9, **{rules[0].name: {"verdicts": [verdict(rules[0].name, "pass", 0.1)]}})
    seen = [rule for rule in monitor_report(home, NAME, rules=rules).rules if rule.rule == rules[0].name]
    assert [rule.latest["outcome"] for rule in seen] == ["pass"]


def test_a_period_is_kept_to(home: Workspace) -> None:
    report = monitor_report(home, NAME, since=(FIRST + 4) * DAY, until=(FIRST + 6) * DAY)
    assert report.days == 2
    assert (report.since, report.until) == ((FIRST + 4) * DAY, (FIRST + 6) * DAY)


def test_an_endpoint_without_a_champion_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="champion"):
        monitor_report(open_workspace(tmp_path, create=True), NAME)


def test_reading_changes_nothing(home: Workspace) -> None:
    before = home.stores.ledger.read(limit=1_000)
    monitor_report(home, NAME)
    assert home.stores.ledger.read(limit=1_000) == before


def test_a_rule_that_could_not_be_judged_is_told(home: Workspace) -> None:
    look(home, 9, drift={"verdicts": [verdict("drift", "unknown")]})
    assert monitor_report(home, NAME).rules[0].latest["outcome"] == "unknown"
