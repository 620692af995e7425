"""Who is asked next after a failure, and when."""

import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.calling.attempt import Failure
from loopwright.llm.calling.retrying import Progress, next_step, wait_before
from loopwright.llm.route import Retry

RETRY = Retry(times=2, first_s=0.1, longest_s=1.0)


def failure(cause: str, retry_after_s: float | None = None) -> Failure:
    return Failure(cause=cause, error=UpstreamError(cause), retry_after_s=retry_after_s)


def course(*causes, usable=(0, 1), retry=RETRY, lot=1.0, left_s=100.0):
    """Who is asked after each of these failures, and after what wait; ends with None where the call has failed."""
    progress, steps = Progress(), []
    for cause in causes:
        told = cause if isinstance(cause, Failure) else failure(cause)
        step = next_step(progress, told, retry=retry, usable=usable, lot=lot, left_s=left_s)
        steps.append(step and (step.progress.at, step.wait_s))
        if step is None:
            break
        progress = step.progress
    return steps


def test_an_error_is_tried_again_where_it_was_then_the_next_is_asked():
    assert course("status", "status", "status", "status") == [(0, 0.1), (0, 0.2), (1, 0.0), None]
    assert course("malformed", "closed", "limited", "status") == [(0, 0.1), (0, 0.2), (1, 0.0), None]


def test_silence_moves_on_at_once_and_comes_back_while_retries_are_left():
    assert course("timeout", "timeout", "connect", "timeout") == [(1, 0.0), (0, 0.1), (1, 0.2), None]


def test_one_upstream_alone_is_asked_again_whatever_failed():
    assert course("timeout", "status", "connect", usable=(0,)) == [(0, 0.1), (0, 0.2), None]


def test_a_refused_key_is_not_shown_again():
    assert course("denied", "timeout", "denied") == [(1, 0.0), (1, 0.1), None]
    assert course("denied", usable=(0,)) == [None]
    assert course("config", "untold") == [(1, 0.0), None]


def test_what_retry_after_says_is_waited_at_least_but_never_too_long():
    assert course(failure("limited", 0.7)) == [(0, 0.7)]
    assert course(failure("limited", 0.01)) == [(0, 0.1)]
    assert course(failure("limited", 1.1), "status", "status", "status") == [(1, 0.0), (1, 0.1), (1, 0.2), None]
    assert course(failure("limited", 1.1), usable=(0,)) == [None]


def test_nobody_is_asked_whose_circuit_is_open():
    assert course("status", usable=(1,)) == [(1, 0.0)]
    assert course("status", usable=()) == [None]


def test_no_wait_goes_beyond_the_call():
    assert course("status", left_s=0.05) == [(1, 0.0)]
    assert course("status", usable=(0,), left_s=0.05) == [None]
    assert course("timeout", left_s=0.0) == [None]


def test_without_retries_each_is_asked_once():
    assert course("status", "status", retry=Retry(times=0)) == [(1, 0.0), None]


@pytest.mark.parametrize(("number", "limit"), [(1, 0.1), (2, 0.2), (4, 0.8), (5, 1.0), (5000, 1.0)])
def test_waits_are_drawn_from_zero_to_a_limit_that_doubles(number, limit):
    assert wait_before(number, RETRY, 0.0) == 0.0
    assert wait_before(number, RETRY, 0.5) == pytest.approx(limit / 2)
