"""Events as lines for a person: what matters is said, the rest has no line."""

import pytest

from loopwright.cli.narrate import story_line
from loopwright.core.events import EventDraft, seal


def event(kind, subject, **data):
    return seal(EventDraft(kind=kind, subject=subject, data=data), seq=1, at=0, caused_by=(), previous="0" * 64)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (event("dataset_landed", "dataset:flights", rows=1200, version="a" * 64), ["flights", "1,200 rows"]),
        (event("dataset_refused", "dataset:flights", failures=[{"column": "hour", "rule": "in range", "rows": 2}]),
         ["flights", "hour", "in range", "2 rows"]),
        (event("gate_judged", "model:m", outcome="fail", candidate="b" * 64, checks={"size": "fail", "fair": "pass"}),
         ["m", "fail", "size"]),
        (event("incident_opened", "incident:inc_1", reason="hour moved", figures={"drift": 1234.5, "x": None}),
         ["hour moved", "drift 1234"]),
        (event("incident_explained", "incident:inc_1", suspect="9 rows landed"), ["inc_1", "9 rows landed"]),
        (event("incident_mending", "incident:inc_1", reason="version b answers"), ["mending", "version b answers"]),
        (event("incident_reopened", "incident:inc_1", reason="drift failed"), ["is back", "drift failed"]),
        (event("release_step", "release:rel_1", share=0.25, requests=1088), ["25%", "1,088"]),
        (event("release_finished", "release:rel_1", outcome="rolled_back", requests=20, reason="a breaker"),
         ["rolled back", "20", "a breaker"]),
        (event("retrain_finished", "loop:m", outcome="rejected", why="worse"), ["rejected", "worse"]),
    ],
)  # fmt: skip
def test_a_line_says_what_happened_and_the_figures(told, words):
    line = story_line(told)
    assert all(word in line for word in words), line


def test_passing_checks_are_not_named_as_the_reason_of_a_failure():
    judged = event(
        "gate_judged", "model:m", outcome="fail", candidate="b" * 64, checks={"slices": "fail", "fair": "pass"}
    )
    assert "fair" not in story_line(judged)


def test_what_only_matters_to_a_trace_has_no_line():
    assert story_line(event("run_started", "run:run_1")) == ""
    assert story_line(event("something_new", "x:y")) == ""
