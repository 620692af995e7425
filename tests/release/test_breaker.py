import functools

import pytest

from loopwright.release.breaker import BreakerRule, BreakerState, after, trip


def state_after(text):
    """Outcomes by letter: . answered, e error, t timeout, c crash, s wrong shape."""
    names = {".": "answered", "e": "error", "t": "timeout", "c": "crash", "s": "shape"}
    return functools.reduce(after, (names[letter] for letter in text), BreakerState())


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        ("", None),
        ("." * 200, None),
        ("ee", None),
        ("ee.ee.", None),
        ("eee", "failures_in_a_row"),
        ("....t.t", None),
        ("....t.t.t", "timeout"),
        ("....c", "crash"),
        ("....s", "shape"),
        ("e...." * 20, None),
        ("e.e.e.e.e", "failure_share"),
        ("." * 100 + "e." * 6, None),
        ("." * 100 + "e." * 11, "failure_share"),
        ("e." * 4, None),
        ("e." * 4 + "." * 50, None),
    ],
)
def test_what_trips_the_breaker(seen, cause):
    found = trip(state_after(seen), BreakerRule())
    assert (found.cause if found else None) == cause


def test_old_failures_leave_the_window():
    rule = BreakerRule(window=10, least_failures=2, most_failure_share=0.3, failures_in_a_row=99)
    assert trip(state_after("e.e.e.e."), rule) is not None
    assert trip(state_after("e.e.e.e." + "." * 10), rule) is None


def test_patience_is_a_rule():
    rule = BreakerRule(timeouts=3, crashes=2)
    assert trip(state_after("t.t.c."), rule) is None
    assert trip(state_after("t.t.t."), rule).cause == "timeout"
    assert trip(state_after("c.c"), rule).cause == "crash"


def test_a_trip_says_why_with_figures():
    found = trip(state_after("..eee"), BreakerRule())
    assert (found.requests, found.failures, found.why) == (5, 3, "3 requests failed in a row")


def test_counting_changes_no_earlier_state():
    before = state_after("e")
    after(before, "crash")
    assert before == state_after("e")
