"""The report of a loop, from a home with a first champion, a drifted month, an incident and a release."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import NotFoundError
from loopwright.export.loop_report import loop_report
from loopwright.export.report import render
from loopwright.formats.value import put_value
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.pictures.scales import DAY
from loopwright.pictures.sections import (
    AreaChart,
    EventList,
    Figures,
    Grid,
    LineChart,
    ReliabilityChart,
    Report,
    Section,
    Text,
)
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.judgement import Judgement, record_judgement
from loopwright.registry.version import Provenance, register_version
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock

NAME = "flight-delay"
START = 1_364_774_400 * SECOND // DAY * DAY
SIGNATURE = Signature(
    task="binary",
    request=(Column(name="x", kind="float"),),
    features=(Column(name="x", kind="float"),),
    classes=(False, True),
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path, create=True)


def a_version(workspace: Workspace, weight: int, cause: int = 0) -> Digest:
    part = put_value(workspace.stores.blobs, {"weight": weight})
    manifest = Manifest(kind="model", parts={"model": part}, entry="model", signature=SIGNATURE, example={"x": 1.0})
    digest = put_bundle(workspace.stores.blobs, manifest)
    provenance = Provenance(run="run_1", metrics={"roc_auc": 0.7})
    register_version(
        workspace.stores.ledger, name=NAME, digest=digest, provenance=provenance, caused_by=(cause,) if cause else ()
    )
    return digest


def publish(workspace: Workspace, revision: int, at: int, *arms: tuple[str, Digest, float], event: EventDraft) -> int:
    """Arms of one revision, and the champion where there is one arm."""
    listed = [{"name": n, "role": n.replace("candidate", "canary"), "version": v, "share": s} for n, v, s in arms]
    data = {"endpoint": NAME, "revision": revision, "release": None, "arms": listed}
    record = Record(kind="arms", id=f"arms_{revision}", data=data, facets={"endpoint": NAME}, at=at)
    moves = {workspace.ref("model", NAME, "champion"): arms[0][1]} if len(arms) == 1 else {}
    return workspace.stores.ledger.commit(moves=moves, records=[record], events=[event])[-1].seq


def said(kind: str, subject: str, at: int, *causes: int, **data: object) -> EventDraft:
    return EventDraft(kind=kind, subject=subject, data={"endpoint": NAME, **data}, logical_at=at, caused_by=causes)


def a_day(workspace: Workspace, day: int, evidence: float, distance: float, auc: float | None) -> None:
    verdicts = [
        {
            "check": "drift",
            "value": evidence,
            "threshold": 1000.0,
            "details": {"mean_time_between_false_alarms_days": 1000},
        },
        {"check": "performance", "value": auc, "threshold": 0.65, "details": {}},
    ]
    columns = [{"column": "x", "total_variation": distance}, {"column": "score", "total_variation": distance / 2}]
    columns.append({"column": "gone", "total_variation": None})
    reports = [{"check": "drift report", "threshold": 0.1, "details": {"columns": columns}}]
    number = START // DAY + day
    record = Record(
        kind="watch_day",
        id=f"{NAME}/{number}",
        data={"day": number, "verdicts": verdicts, "reports": reports},
        facets={"endpoint": NAME, "day": number},
        at=START + day * DAY,
    )
    workspace.stores.ledger.commit(records=[record])


def some_requests(workspace: Workspace, version: Digest, count: int) -> None:
    rng = np.random.default_rng(0)
    score = rng.random(count)
    late = rng.random(count) < score
    rows = [
        RequestRow(
            request_id=f"r{i}",
            at=START + i,
            event_time=START + i,
            endpoint=NAME,
            arm="champion",
            version=version,
            key=f"k{i}",
            inputs={"x": 1.0},
            score=float(score[i]),
            status=500 if i == 0 else 200,
            fallback_from="candidate" if i < 3 else None,
        )
        for i in range(count)
    ]
    RequestLog(workspace.stores.tables).append(rows)
    labels = [
        LabelRow(endpoint=NAME, key=f"k{i}", value=bool(late[i]), event_time=START + i, at=START + DAY, source="test")
        for i in range(count)
    ]
    append_labels(workspace.stores.tables, labels)


@pytest.fixture
def told(workspace: Workspace) -> Report:
    """The story."""
    first = a_version(workspace, 1)
    model = f"model:{NAME}"
    became = publish(
        workspace,
        1,
        START,
        ("champion", first, 1.0),
        event=said("ref_moved", model, START, to=first, reason="first champion"),
    )
    some_requests(workspace, first, 4000)
    for day, evidence in enumerate([0.5, 10.0, 5000.0]):
        a_day(workspace, day, evidence, 0.05 * (day + 1), None if day == 0 else 0.7 - 0.01 * day)
    opened = said("incident_opened", "incident:inc_1", START + 3 * DAY, became, cause="drift")
    incident = workspace.stores.ledger.commit(events=[opened])[0].seq
    second = a_version(workspace, 2, incident)
    verdict = Verdict(check="at_least(roc_auc, 0.62)", outcome=Outcome.PASS, reason="0.72")
    judgement = Judgement(id="jud_1", name=NAME, candidate=second, outcome=Outcome.PASS, verdicts=(verdict,))
    judged = record_judgement(workspace.stores.ledger, judgement, caused_by=(incident,)).seq
    begun = said("release_started", "release:rel_1", START + 4 * DAY, judged, candidate=second)
    started = publish(
        workspace, 2, START + 4 * DAY, ("champion", first, 0.75), ("candidate", second, 0.25), event=begun
    )
    ended = said("release_finished", "release:rel_1", START + 6 * DAY, started, outcome="promoted", to=second)
    publish(workspace, 3, START + 6 * DAY, ("champion", second, 1.0), event=ended)
    return loop_report(workspace, NAME, title="A quiet spring", first=[Text(title="Chapters", paragraphs=("One.",))])


def section(told: Report, kind: type[Section], number: int = 0) -> Section:
    return [one for one in told.sections if isinstance(one, kind)][number]


def test_the_key_figures_count_requests_releases_and_incidents(told: Report) -> None:
    figures = section(told, Figures)
    assert isinstance(figures, Figures)
    shown = {item.label: (item.value, item.note) for item in figures.items}
    assert shown["Requests"] == ("4,000", "3 answered by the champion instead")
    assert shown["Failed requests"][0] == "1"
    assert shown["Champion"][0] == "version 2"
    assert shown["Incidents"] == ("1 opened", "0 resolved")
    assert shown["Releases"] == ("1 promoted", "0 rolled back, 0 inconclusive")


def test_drift_is_drawn_as_evidence_and_as_distance_with_its_lines(told: Report) -> None:
    evidence, distance, performance = (section(told, LineChart, n) for n in range(3))
    assert isinstance(evidence, LineChart)
    assert evidence.series[0].value == pytest.approx((0.0, 1.0, np.log10(5000)))
    assert evidence.thresholds[0].value == pytest.approx(3.0)
    assert isinstance(distance, LineChart)
    assert [s.name for s in distance.series] == ["x", "score"]
    assert distance.series[0].value == pytest.approx((0.05, 0.1, 0.15))
    assert isinstance(performance, LineChart)
    assert performance.series[0].value[0] is None
    assert performance.series[0].value[1:] == pytest.approx((0.69, 0.68))


def test_a_version_keeps_its_band_when_it_becomes_champion(told: Report) -> None:
    arms = section(told, AreaChart)
    assert isinstance(arms, AreaChart)
    assert [part.share for part in arms.parts] == [(1.0, 0.75, 0.0), (0.0, 0.25, 1.0)]
    assert [part.name[:9] for part in arms.parts] == ["version 1", "version 2"]
    assert [marker.label for marker in arms.markers] == ["release started", "release promoted"]


def test_a_days_evidence_stands_at_the_days_end_where_its_incident_opens(told: Report) -> None:
    evidence = section(told, LineChart)
    assert isinstance(evidence, LineChart)
    crossed = next(at for at, value in zip(evidence.series[0].at, evidence.series[0].value, strict=True) if value > 3)
    assert [marker.at for marker in evidence.markers if marker.label == "incident opened"] == [crossed]


def test_months_of_one_champion_do_not_hide_the_hours_of_a_canary(told: Report, workspace: Workspace) -> None:
    late = replace(workspace, clock=ManualClock(START + 12 * DAY))
    arms = section(loop_report(late, NAME), AreaChart)
    assert isinstance(arms, AreaChart)
    assert arms.at[0] == START + 3 * DAY


def test_reliability_is_measured_on_answered_requests_with_labels(told: Report) -> None:
    chart = section(told, ReliabilityChart)
    assert isinstance(chart, ReliabilityChart)
    (curve,) = chart.curves
    assert sum(curve.count) == 3999
    assert curve.observed == pytest.approx(curve.predicted, abs=0.08)


def test_the_gate_and_the_chain_are_told(told: Report) -> None:
    grid, chain = section(told, Grid), section(told, EventList)
    assert isinstance(grid, Grid)
    assert [row[1] for row in grid.rows] == ["pass"]
    assert isinstance(chain, EventList)
    assert any(event.text == "cause drift" for event in chain.events)
    kinds = [event.kind for event in chain.events]
    assert kinds.index("incident_opened") < kinds.index("release_started") < kinds.index("release_finished")


def test_the_callers_sections_come_after_the_figures_and_all_of_it_renders(told: Report) -> None:
    assert [one.title for one in told.sections[:2]] == ["", "Chapters"]
    page = render(told)
    assert "A quiet spring" in page
    assert "nothing to draw" not in page


def test_a_loop_that_is_not_there_is_said(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no-such-loop"):
        loop_report(workspace, "no-such-loop")


def test_a_loop_with_a_champion_only_has_a_report_as_well(workspace: Workspace) -> None:
    first = a_version(workspace, 1)
    event = said("ref_moved", f"model:{NAME}", START, to=first)
    publish(workspace, 1, START, ("champion", first, 1.0), event=event)
    assert render(loop_report(workspace, NAME))
