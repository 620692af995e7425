"""What a version's failure is called, and when it stops the version."""

from types import SimpleNamespace

import pytest

from loopwright.errors import ArmFailedError, DeadlineError
from loopwright.serving.failure import as_failure, cause_of, count_failure
from loopwright.serving.health import ArmHealth


def canary(state="ready"):
    return SimpleNamespace(client=SimpleNamespace(state=state), health=ArmHealth())


def test_what_a_version_raised_is_its_failure_with_the_kind_and_the_words_cut_short():
    failure = as_failure(KeyError("x" * 9_000))
    assert isinstance(failure, ArmFailedError)
    assert failure.why.startswith("KeyError: 'xxx")
    assert len(failure.why) == 500
    assert cause_of(failure) == "error"


def test_an_error_of_ours_stays_what_it_is():
    error = DeadlineError("too late")
    assert as_failure(error) is error


@pytest.mark.parametrize("cause", ["crash", "timeout", "shape"])
def test_the_cause_is_the_one_that_the_error_names(cause):
    assert cause_of(ArmFailedError("no answer", cause=cause)) == cause


def test_the_failure_that_stops_an_arm_is_told_once_with_its_words():
    told, arms, arm = [], object(), canary()
    for what in ("its process died", "its process died again"):
        count_failure(
            arms, arm, ArmFailedError(what, why="signal 11", cause="crash"), on_trip=lambda *all: told.append(all)
        )
    [(of, who, trip)] = told
    assert (of, who, trip.cause) == (arms, arm, "crash")
    assert "its process died: signal 11" in trip.why
    assert arm.health.tripped is trip


def test_a_failure_that_stops_nothing_is_counted_and_not_told():
    told, arm = [], canary()
    for _ in range(2):
        count_failure(object(), arm, ArmFailedError("raised", cause="error"), on_trip=lambda *all: told.append(all))
    assert told == []
    count_failure(object(), arm, ArmFailedError("raised", cause="error"), on_trip=lambda *all: told.append(all))
    assert told[0][2].failures == 3


def test_a_version_that_was_let_go_while_it_was_asked_has_not_failed():
    told, arm = [], canary("closed")
    count_failure(object(), arm, ArmFailedError("gone", cause="crash"), on_trip=lambda *all: told.append(all))
    assert told == []
    assert arm.health.tripped is None
