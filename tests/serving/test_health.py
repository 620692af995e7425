import pytest

from loopwright.release.breaker import BreakerRule
from loopwright.serving.health import ArmHealth, Trip


@pytest.mark.parametrize("cause", ["crash", "shape"])
def test_one_fatal_failure_trips_once_and_says_why(cause):
    health = ArmHealth()
    health.succeeded()
    trip = health.failed(cause, "the last words")
    assert (trip.cause, trip.requests, trip.failures) == (cause, 2, 1)
    assert "the last words" in trip.why
    assert health.tripped == trip
    assert health.failed(cause, "again") is None
    assert health.tripped == trip


def test_a_few_answers_that_do_not_come_in_time_are_forgiven():
    health = ArmHealth()
    found = []
    for _ in range(BreakerRule().timeouts):
        health.succeeded()
        found.append(health.failed("timeout", "late"))
    assert [trip is None for trip in found] == [True, True, False]
    assert found[-1].cause == "timeout"


def test_any_other_cause_counts_as_an_error_and_only_a_burst_trips():
    health = ArmHealth()
    assert health.failed("LW402", "busy") is None
    health.succeeded()
    assert [health.failed("error", "x") is None for _ in range(6)] == [True] * 5 + [False]


def test_an_arm_that_was_stopped_keeps_its_first_reason():
    health = ArmHealth()
    health.stop(Trip(cause="load", why="no module"))
    health.stop(Trip(cause="crash", why="gone"))
    assert health.failed("crash", "gone") is None
    assert health.tripped.cause == "load"
