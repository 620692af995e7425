"""The page about monitoring."""

import re
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
    drift_of,
    look,
    report_of,
    verdict,
)

from loopwright.app.monitor.report import MonitorReport, VersionView, monitor_report
from loopwright.app.monitor.report_columns import ColumnView
from loopwright.app.monitor.report_incidents import Happening, IncidentView
from loopwright.app.monitor.report_rules import ColumnLine, Point, RuleView
from loopwright.export.monitor_report import monitor_page
from loopwright.export.report import render
from loopwright.pictures.sections import Figures, Grid, Histograms, LineChart


@pytest.fixture
def report(tmp_path: Path) -> MonitorReport:
    home = a_home(tmp_path)
    for day in range(10):
        ask(home, day)
        quality = verdict(
            "performance(roc_auc, 0.03)",
            "fail" if day > 7 else "pass",
            0.7,
            threshold=0.68,
            n=900,
            interval=[0.66, 0.74],
            details={"coverage": 0.9, "slices": [{"slice": "AA", "value": 0.6}]},
        )
        look(
            home,
            day,
            drift={"verdicts": [drift_of(10.0 ** (day - 4))], "reports": [report_of(("carrier", 0.2))]},
            quality={"verdicts": [quality], "failed": int(day > 7)},
        )
    an_incident(home, root_cause={"upstream": [{"kind": "dataset_landed", "event": 7, "hours_before": 2.0}]})
    return monitor_report(home, NAME)


def test_what_is_wrong_comes_first(report: MonitorReport) -> None:
    sections = monitor_page(report).sections
    figures = sections[0]
    assert isinstance(figures, Figures)
    shown = {item.label: (item.value, item.tone) for item in figures.items}
    assert shown["Incidents now"] == ("1 open", "bad")
    assert shown["Rules"] == ("1 of 2 fail", "bad")
    assert shown["Columns moved"] == ("1 of 4", "warn")
    assert shown["Quality by labels"] == ("0.7", "bad")
    assert [section.title for section in sections[1:4]] == ["Incidents", "inc_1: upstream", "What each rule says"]
    rules = sections[3]
    assert isinstance(rules, Grid)
    assert [row[0] for row in rules.rows] == ["performance(roc_auc, 0.03)", "drift", "drift report"]
    assert rules.tones[:2] == ("bad", "good")


def test_evidence_is_a_share_of_what_an_alarm_needs(report: MonitorReport) -> None:
    (evidence,) = [one for one in monitor_page(report).sections if one.title == "Evidence, by the day"]
    assert isinstance(evidence, LineChart)
    assert evidence.series[0].value[-1] == pytest.approx(2.0)
    assert evidence.series[0].value[0] == pytest.approx(-3.0)
    assert evidence.thresholds[0].value == 0.0


def test_quality_has_its_interval_its_limit_and_its_slices(report: MonitorReport) -> None:
    titles = {one.title: one for one in monitor_page(report).sections}
    chart = titles["performance(roc_auc, 0.03)"]
    assert isinstance(chart, LineChart)
    assert chart.series[0].low[-1] == 0.66
    assert chart.thresholds[0].value == 0.68
    assert chart.series[1].name == "share of requests labelled"
    assert "performance(roc_auc, 0.03): slices" in titles


def test_a_line_is_cut_where_a_new_champion_began(report: MonitorReport) -> None:
    later = VersionView(digest="b" * 64, number=2, since=(FIRST + 5) * DAY + 1)
    changed = msgspec.structs.replace(report, champions=(*report.champions, later))
    (evidence,) = [one for one in monitor_page(changed).sections if one.title == "Evidence, by the day"]
    assert isinstance(evidence, LineChart)
    assert evidence.series[0].value.count(None) == 1


def test_the_page_needs_nothing_beside_it(report: MonitorReport) -> None:
    page = render(monitor_page(report))
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page
    assert "url(" not in page
    assert page.count('class="now"') > 20


def test_a_home_in_which_nothing_was_looked_at_has_a_page(tmp_path: Path) -> None:
    page = render(monitor_page(monitor_report(a_home(tmp_path), NAME)))
    assert "No rule has been looked at yet" in page
    assert "None in this period" in page


def test_markup_from_outside_is_text(report: MonitorReport) -> None:
    evil = "<img src=x onerror=alert(1)>"
    column = msgspec.structs.replace(report.columns[0], name=evil, labels=(evil,) * len(report.columns[0].labels))
    incident = msgspec.structs.replace(report.incidents[0], reason=evil, owner=evil)
    page = render(monitor_page(msgspec.structs.replace(report, columns=(column,), incidents=(incident,))))
    assert "<img" not in page


def five_years() -> MonitorReport:
    """A thousand columns, fifty rules, five years: everything at its most."""
    days = [(FIRST + day) * DAY for day in range(1_826)]
    text = "x" * 1_000
    points = tuple(Point(at=at, outcome="pass", value=at % 97 / 97, threshold=1.0, low=0.1, high=0.9) for at in days)
    details = {
        "mean_time_between_false_alarms": 1_000,
        **{f"list{i}": [{f"k{j}": text for j in range(9)}] * 60 for i in range(9)},
    }
    rules = tuple(
        RuleView(
            check=f"{text[:200]}{i}",
            rule="r",
            kind="drift",
            opens=True,
            sequential=i % 2 == 0,
            latest={"outcome": "fail", "reason": text, "value": 1.0, "threshold": 2.0, "details": details},
            points=points,
        )
        for i in range(50)
    )
    columns = tuple(
        ColumnView(
            name=f"{text[:200]}{i}",
            ordered=i % 2 == 0,
            effect=1.0,
            moved=True,
            rows=10**9,
            labels=(text,) * 34,
            reference=(0.03,) * 34,
            current=(0.03,) * 34,
            missing=0.1,
            missing_reference=0.1,
            figures={"new_levels": [text] * 60},
        )
        for i in range(1_000)
    )
    incident = IncidentView(
        id=text,
        state="open",
        cause=text,
        severity="critical",
        owner=text,
        opened_at=0,
        updated_at=0,
        resolved_at=None,
        checks=(text,) * 40,
        columns=(text,) * 40,
        reason=text,
        explained={"root_cause": {f"p{i}": [{"a": text}] * 60 for i in range(9)}},
    )
    return MonitorReport(
        endpoint=NAME,
        since=days[0],
        until=days[-1],
        made_at=days[-1],
        champion=None,
        rules=rules,
        columns=columns,
        columns_watched=1_000,
        incidents=(incident,) * 60,
        incidents_by_state={"open": 10_000},
        days=1_826,
        lines=tuple(ColumnLine(column=text, at=tuple(days), effect=(0.5,) * 1_826) for _ in range(8)),
        happenings=tuple(Happening(at=at, seq=1, kind="incident_opened", subject=text, text=text) for at in days[:200]),
    )


def test_the_page_stays_under_five_megabytes_at_any_input() -> None:
    page = render(monitor_page(five_years()))
    assert 1_000_000 < len(page.encode()) < 5_000_000
    sections = {type(one) for one in monitor_page(five_years()).sections}
    assert Histograms in sections
