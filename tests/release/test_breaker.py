import functools

import numpy as np
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
        (".eee", None),
        (".eeeee", None),
        (".eeeeee", "failures_in_a_row"),
        ("....t.t", None),
        ("....t.t.t", "timeout"),
        ("t" + "." * 49 + "t.t", None),
        ("t" + "." * 40 + "t.t", "timeout"),
        ("....c", "crash"),
        ("....s", "shape"),
        ("e...." * 20, None),
        ("e." * 7, None),
        ("e." * 8, "failure_share"),
        ("." * 100 + "e." * 15, None),
        ("." * 100 + "e." * 16, "failure_share"),
        ("e." * 7 + "." * 50, None),
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
    found = trip(state_after("..eeeeee"), BreakerRule())
    assert (found.requests, found.failures, found.why) == (8, 6, "6 requests failed in a row")


def test_counting_changes_no_earlier_state():
    before = state_after("e")
    after(before, "crash")
    assert before == state_after("e")


def tripped_after(rng, failing, requests):
    """Requests until the breaker stops an arm that fails this share of them; None where it does not."""
    state, rule = BreakerState(), BreakerRule()
    for n, failed in enumerate(rng.random(requests) < failing, 1):
        state = after(state, "error" if failed else "answered")
        if failed and trip(state, rule):
            return n
    return None


@pytest.mark.parametrize("failing", [0.01, 0.05])
def test_an_arm_that_fails_as_seldom_as_champions_may_is_left_alone(failing):
    rng = np.random.default_rng(0)
    assert [tripped_after(rng, failing, 3_000) for _ in range(60)].count(None) >= 59


@pytest.mark.parametrize(("failing", "most"), [(1.0, 3), (0.9, 12), (0.5, 40)])
def test_a_bad_arm_is_stopped_within_so_many_requests(failing, most):
    """25 requests a second reach an arm of 5 % in one of two workers that share 1,000 of them."""
    rng = np.random.default_rng(0)
    assert np.quantile([tripped_after(rng, failing, 3_000) for _ in range(200)], 0.95) <= most
