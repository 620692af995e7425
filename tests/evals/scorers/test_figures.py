"""Scorers by figures."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.scorers.figures import cost, latency, numbers_of, numeric


def judge(scorer, expected=None, **answer):
    return asyncio.run(scorer.score(case("q", expected), Answer(**answer)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is 1,234.5 km, or 767.1 miles", [1234.5, 767.1]),
        ("-3 and \u22124", [-3.0, -4.0]),
        ("1e3", [1000.0]),
        ("v2.1.3 of model3 on 2024-05-01", [2024.0, 5.0, 1.0]),
        ("none", []),
        ("9" * 400, []),
    ],
)
def test_numbers_are_read_from_texts(text, found):
    assert numbers_of(text) == found


@pytest.mark.parametrize(
    ("expected", "text", "verdict"),
    [
        (16.09, "10 miles are 16.1 km", "pass"),
        (16.09, "10 miles are 6.2 km", "fail"),
        ("16.09", "16.09", "pass"),
        (16.09, "about sixteen", "fail"),
        (None, "16", "no_verdict"),
        ("a lot", "16", "no_verdict"),
        (True, "1", "no_verdict"),
        (float("nan"), "1", "no_verdict"),
    ],
)
def test_the_last_number_is_compared(expected, text, verdict):
    assert judge(numeric(tolerance=0.05), expected, text=text).verdict == verdict


def test_a_relative_tolerance_grows_with_the_number():
    assert judge(numeric(relative=0.01), 1000, text="1009").verdict == "pass"
    assert judge(numeric(relative=0.01), 10, text="19").verdict == "fail"


def test_latency_and_cost():
    assert judge(latency(at_most_s=1.0), latency_us=900_000).verdict == "pass"
    assert judge(latency(at_most_s=1.0), latency_us=1_100_000).verdict == "fail"
    assert judge(latency(at_most_s=1.0, first_token=True), latency_us=9, first_token_us=2_000_000).verdict == "fail"
    assert judge(latency(at_most_s=1.0, first_token=True), latency_us=9).verdict == "no_verdict"
    assert judge(cost(at_most_usd=0.01), cost_usd=0.01).verdict == "pass"
    assert judge(cost(at_most_usd=0.01), cost_usd=0.02).verdict == "fail"


def test_an_unknown_price_is_no_cheap_one():
    assert judge(cost(at_most_usd=0.01), cost_usd=None).verdict == "no_verdict"


def test_a_bound_that_is_none_is_refused():
    with pytest.raises(UsageError):
        latency(at_most_s=float("nan"))
