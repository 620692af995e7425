"""Where to look, found in the request log and the journal."""

from typing import Any

import numpy as np
import pytest
from tests.app.monitor.scripted import HOUR, Project, Scene, verdict

from loopwright.app.clock import set_clock
from loopwright.app.monitor import root_cause
from loopwright.app.monitor.root_cause import moved_columns
from loopwright.core.clock import SECOND
from loopwright.core.verdict import Outcome, Verdict
from loopwright.observations.request_log import RequestLog, RequestRow

DAY = 24 * HOUR


def served(scene: Scene, *, day: int, shift: float, only: str | None = None, count: int = 60) -> None:
    """A day's requests; x is shifted, where `only` says so in the rows of one site alone."""
    rng = np.random.default_rng(day)
    rows = []
    for n in range(count):
        site = ["north", "south", "west"][n % 3]
        x = float(rng.normal(shift if only in (None, site) else 0.0, 1))
        at = day * DAY + (n + 1) * SECOND
        rows.append(
            RequestRow(
                request_id=f"r{day}-{n}", at=at, event_time=at, endpoint="small", arm="champion", version=scene.version,
                key=f"{day}-{n}", inputs={"x": x, "n": n % 9, "site": site}, score=0.5, output={"score": 0.5},
            )
        )  # fmt: skip
    RequestLog(scene.workspace.stores.tables).append(rows)


def lived(scene: Scene, **after: Any) -> int:
    """Ten days as ever, five days otherwise, then the rule fails; returns the day of the change."""
    first = scene.now // DAY + 1
    for day in range(first, first + 15):
        served(scene, day=day, shift=0.0) if day < first + 10 else served(scene, day=day, **after)
    scene.now = (first + 15) * DAY
    set_clock(scene.workspace.stores, scene.now)
    scene.look(verdict(Outcome.FAIL, columns=("x",)))
    return first + 10


@pytest.fixture
def scene(replayed: Project, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(replayed, monkeypatch)


def test_the_day_of_the_change_and_the_rows_that_carry_it_are_found(scene: Scene) -> None:
    day = lived(scene, shift=3.0, only="south")
    explanation = scene.incident().explanation
    assert explanation is not None
    assert explanation.changed_at == day * DAY
    segment = explanation.segments[0]
    assert (segment.column, segment.value, segment.target) == ("site", "south", "x")
    assert segment.carries > 0.8
    assert explanation.missing == ()


def test_a_change_everywhere_names_no_segment(scene: Scene) -> None:
    lived(scene, shift=3.0)
    explanation = scene.incident().explanation
    assert explanation is not None
    assert explanation.segments == ()


def test_without_rows_it_says_so(scene: Scene) -> None:
    scene.look(verdict(Outcome.FAIL, columns=("x",)))
    explanation = scene.incident().explanation
    assert explanation is not None
    assert explanation.changed_at is None
    assert explanation.missing == ("segments: no row of this version",)
    assert explanation.upstream != ()


def test_a_detector_that_knows_when_is_believed(scene: Scene) -> None:
    failed = verdict(Outcome.FAIL, columns=("x",))
    known = Verdict(
        check=failed.check, outcome=failed.outcome, reason="", details=failed.details | {"changed_at": scene.now - DAY}
    )
    at = scene.now - DAY
    scene.look(known)
    explanation = scene.incident().explanation
    assert explanation is not None
    assert (explanation.changed_at, explanation.changed_by) == (at, "the detector")


def test_what_is_about_the_service_has_no_segments(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root_cause, "_segments", lambda *given: pytest.fail("no rows are read"))
    scene.judge.causes = {"scripted": "endpoint:small"}
    scene.look(verdict(Outcome.FAIL))
    assert scene.incident().explanation is not None


def test_columns_keep_the_verdict_s_order_and_figures() -> None:
    details = {"named": ["b", "a"], "columns": [{"column": "a", "effect": 0.2, "evidence": float("inf")}, "odd"]}
    failed = Verdict(check="drift", outcome=Outcome.FAIL, reason="", details=details)
    first, second = moved_columns([failed, failed])
    assert (first.column, first.effect) == ("b", None)
    assert (second.column, second.effect, second.evidence) == ("a", 0.2, None)


def test_a_change_within_a_day_is_found_by_rows(scene: Scene) -> None:
    day = scene.now // DAY + 1
    served(scene, day=day, shift=0.0, count=600)
    rng = np.random.default_rng(1)
    later = [
        RequestRow(
            request_id=f"late-{n}", at=day * DAY + HOUR + n, event_time=day * DAY + HOUR + n, endpoint="small",
            arm="champion", version=scene.version, key=f"late-{n}", score=0.5, output={"score": 0.5},
            inputs={"x": float(rng.normal(3, 1)), "n": 1, "site": "north"},
        )
        for n in range(300)
    ]  # fmt: skip
    RequestLog(scene.workspace.stores.tables).append(later)
    scene.now = day * DAY + 2 * HOUR
    set_clock(scene.workspace.stores, scene.now)
    scene.look(verdict(Outcome.FAIL, columns=("x",)))
    explanation = scene.incident().explanation
    assert explanation is not None
    assert explanation.changed_at is not None
    assert abs(explanation.changed_at - (day * DAY + HOUR)) < HOUR
    assert explanation.missing == ()
