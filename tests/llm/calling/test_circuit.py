"""The circuit opens on failures, lets one call try after a while, and closes or stays open by what that one says."""

import pytest

from loopwright.llm.calling.circuit import CLOSED, after, allowed, begun, left, position
from loopwright.llm.route import Circuit

RULE = Circuit(window=10, least_failures=3, failure_share=0.5, open_s=5.0)


def played(outcomes: str, state=CLOSED, rule=RULE, now=0.0):
    """The state after calls: `.` answered, `x` failed."""
    for one in outcomes:
        state = after(state, answered=one == ".", tried=False, rule=rule, now=now)
    return state


@pytest.mark.parametrize(
    ("outcomes", "opens"),
    [
        ("", False),
        ("xx", False),
        ("xxx", True),
        ("...xxx", True),
        ("....xxx", False),
        ("....xxxx", True),
        ("x" * 2 + "." * 10 + "xx", False),
        ("." * 1000 + "xxxx", False),
        ("." * 1000 + "xxxxx", True),
    ],
)
def test_it_opens_at_enough_failures_and_their_share_of_the_last_calls(outcomes, opens):
    state = played(outcomes)
    assert (position(state, 0.0) == "open") == opens
    assert allowed(state, 0.0) != opens


def test_one_call_at_a_time_tries_once_it_has_been_open_long_enough():
    state = played("xxx")
    assert not allowed(state, 4.9)
    assert allowed(state, 5.0)
    assert position(state, 5.0) == "half_open"
    trying = begun(state)
    assert not allowed(trying, 6.0)
    assert position(trying, 6.0) == "half_open"


def test_what_the_trying_call_says_closes_it_or_opens_it_for_twice_as_long_up_to_a_minute():
    trying = begun(played("xxx"))
    assert after(trying, answered=True, tried=True, rule=RULE, now=6.0) == CLOSED
    state, now, waits = trying, 6.0, []
    for _ in range(6):
        state = after(begun(state), answered=False, tried=True, rule=RULE, now=now)
        waits.append(state.until - now)
        now = state.until
    assert waits == [10, 20, 40, 60, 60, 60]


def test_calls_that_began_before_it_opened_say_nothing_of_it():
    state = played("xxx")
    assert played("....", state) == state
    assert played("xxxx", state, now=4.0) == state


def test_a_trying_call_whose_caller_left_lets_another_try():
    trying = begun(played("xxx"))
    assert allowed(left(trying, tried=True), 6.0)
    assert not allowed(left(trying, tried=False), 6.0)
    assert begun(CLOSED) == left(CLOSED, tried=False) == CLOSED


def test_one_success_after_opening_forgets_the_failures_before():
    closed = after(begun(played("xxx")), answered=True, tried=True, rule=RULE, now=6.0)
    assert position(played("xx", closed), 6.0) == "closed"
