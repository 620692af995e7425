"""The stages of an incident's way, and the times between them."""

from typing import Any

from loopwright.app.trace_times import course_of
from loopwright.core.events import Event, EventDraft, seal

HOUR = 3_600_000_000
DAY = 24 * HOUR


def events(*told: tuple[str, str, int, dict[str, Any]]) -> list[Event]:
    made: list[Event] = []
    for seq, (kind, subject, at, data) in enumerate(told, start=1):
        draft = EventDraft(kind=kind, subject=subject, data=data, logical_at=at)
        made.append(seal(draft, seq=seq, at=seq * 1_000_000, caused_by=(), previous="0" * 64))
    return made


CHANGED = 10 * DAY
MENDED = (
    ("dataset_landed", "dataset:a", 9 * DAY, {}),
    ("incident_opened", "incident:inc_1", 13 * DAY, {"reason": "x moved"}),
    ("incident_explained", "incident:inc_1", 13 * DAY, {"changed_at": CHANGED}),
    ("retrain_decided", "loop:a", 13 * DAY, {"decision": "run", "reason": "x moved", "retrain": "ret_1"}),
    ("retrain_finished", "loop:a", 13 * DAY + HOUR, {"outcome": "rejected", "why": "no", "seconds": 9.0}),
    ("retrain_decided", "loop:a", 14 * DAY, {"decision": "suppressed", "reason": "cooldown"}),
    ("retrain_decided", "loop:a", 15 * DAY, {"decision": "run", "reason": "x moved", "retrain": "ret_2"}),
    ("run_started", "run:run_2", 15 * DAY, {}),
    ("gate_judged", "model:a", 15 * DAY + HOUR, {"outcome": "pass"}),
    ("release_started", "release:rel_1", 15 * DAY + HOUR, {"share": 0.05}),
    ("retrain_finished", "loop:a", 15 * DAY + 2 * HOUR, {"outcome": "released", "candidate": "abc", "seconds": 7.5}),
    ("release_finished", "release:rel_1", 16 * DAY, {"outcome": "promoted"}),
    ("ref_moved", "model:a", 16 * DAY + HOUR, {"to": "abc", "reason": "promoted"}),
    ("incident_opened", "incident:inc_2", 16 * DAY + HOUR, {}),
    ("incident_resolved", "incident:inc_1", 18 * DAY, {"reason": "its checks pass on version abc"}),
)


def test_a_mended_incident_has_all_its_times() -> None:
    course = course_of(events(*MENDED))
    assert course is not None
    times = course.times
    assert times.detection_us == 3 * DAY
    assert times.retraining_us == 2 * HOUR
    assert times.training_s == 7.5
    assert times.rollout_us == DAY
    assert times.confirmation_us == 2 * DAY - HOUR
    assert times.total_us == 8 * DAY
    assert [stage.name for stage in course.stages] == [
        "stream changed", "alert", "retrain run", "retrain rejected", "retrain suppressed", "retrain run", "run",
        "verdict", "release", "retrain released", "release ended", "champion moved", "resolved",
    ]  # fmt: skip
    assert course.stages[0].since_us is None
    assert course.stages[1].since_us == 3 * DAY
    assert course.stages[-1].words == "its checks pass on version abc"


def test_what_has_not_happened_yet_is_not_known() -> None:
    course = course_of(events(*MENDED[:5]))
    assert course is not None
    assert course.times.retraining_us == HOUR
    assert (course.times.rollout_us, course.times.confirmation_us, course.times.total_us) == (None, None, None)


def test_without_a_known_change_the_total_counts_from_the_alert() -> None:
    course = course_of(events(MENDED[1], *MENDED[3:]))
    assert course is not None
    assert course.times.detection_us is None
    assert course.times.total_us == 5 * DAY


def test_a_chain_without_an_alert_has_no_course() -> None:
    assert course_of(events(MENDED[0], MENDED[7])) is None


def test_a_later_retrain_that_was_not_better_changes_no_times() -> None:
    later = (
        ("retrain_decided", "loop:a", 17 * DAY, {"decision": "run", "retrain": "ret_3"}),
        ("retrain_finished", "loop:a", 17 * DAY + 5 * HOUR, {"outcome": "rejected", "seconds": 1.0}),
    )
    course = course_of(events(*MENDED, *later))
    assert course is not None
    assert (course.times.retraining_us, course.times.rollout_us) == (2 * HOUR, DAY)
