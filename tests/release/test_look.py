import msgspec
import pytest
from tests.release.playing import MINUTE, plan

from loopwright.core.verdict import Outcome, Verdict
from loopwright.release.look import Look
from loopwright.release.policy import start
from loopwright.release.rules import error_guard, latency_guard, output_guard, quality_guard, ranking_guard

GUARDS = [error_guard(), latency_guard(), quality_guard(), ranking_guard(), output_guard()]


def look(outcomes, *, now=MINUTE, limit=None, tripped=None, step=False, **state):
    given = msgspec.structs.replace(plan(guards=GUARDS, max_time="1h"), limit=limit)
    verdicts = tuple(
        Verdict(check=guard.name, outcome=outcome, reason="so", details={"step": step or outcome == Outcome.PASS})
        for guard, outcome in zip(given.guards, outcomes, strict=True)
    )
    begun = msgspec.structs.replace(start(given, 0), **state)
    return Look(plan=given, state=begun, verdicts={"candidate": verdicts}, tripped=tripped or {}, now=now)


P, U, F, W = Outcome.PASS, Outcome.UNKNOWN, Outcome.FAIL, Outcome.WARN


@pytest.mark.parametrize(
    ("outcomes", "step", "place", "lacking"),
    [
        ((P, P, P, P, P), False, "last", []),
        ((U, U, U, U, U), False, "step", ["errors", "latency"]),
        ((U, U, U, U, U), True, "step", []),
        ((U, P, U, U, U), True, "last_beside", ["errors"]),
        ((P, P, U, U, U), False, "last_beside", []),
        ((P, P, U, U, U), False, "last", ["quality", "ranking"]),
        ((P, P, P, U, W), False, "step", ["outputs"]),
        ((P, P, P, P, W), False, "step", []),
    ],
)
def test_what_stands_between_a_step_and_the_next(outcomes, step, place, lacking):
    found = look(outcomes, step=step).unproven("candidate", place)
    assert [reason.split(":")[0].split(" ")[0] for reason in found] == lacking


def test_a_breaker_comes_before_guards():
    found = look((F, P, F, P, P), tripped={"candidate": "crash"}).harms("candidate")
    assert [reason.split(":")[0] for reason in found] == ["a breaker has stopped the candidate", "errors", "quality"]
    assert look((P, U, U, W, W)).harms("candidate") == ()


def test_the_time_is_up_by_the_stage_or_by_the_limit():
    assert look((P,) * 5, now=59 * MINUTE).overdue == ()
    assert look((P,) * 5, now=60 * MINUTE).overdue == ("no decision within 1 h",)
    assert look((P,) * 5, now=60 * MINUTE, stage_since=MINUTE).overdue == ()
    assert look((P,) * 5, now=60 * MINUTE, stage_since=MINUTE, limit=30 * MINUTE).overdue == (
        "no decision within 30 min",
    )


def test_what_a_step_lacks_is_said_in_words():
    found = look((P,) * 5, step_requests=3).wanting(10, 3 * MINUTE)
    assert found == ("7 more requests at this step", "2 min more at this step")
    assert look((P,) * 5, step_requests=10).wanting(10, MINUTE) == ()
