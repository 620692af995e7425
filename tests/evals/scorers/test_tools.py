"""Whether the right tools are called."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.evals.answer import Answer
from loopwright.evals.scorers.tools import tool_calls

A = {"name": "weather", "arguments": '{"city": "Oslo", "days": 2}'}
B = {"name": "time", "arguments": "{}"}
WANT_A = {"name": "weather", "arguments": {"days": 2, "city": "Oslo"}}
WANT_B = {"name": "time", "arguments": {}}


def judge(scorer, wanted, made, tools=()):
    return asyncio.run(scorer.score(case("q", tool_calls=wanted, tools=tools), Answer(tool_calls=made)))


@pytest.mark.parametrize(
    ("wanted", "made", "verdict", "value"),
    [
        ((WANT_A,), (A,), "pass", 1.0),
        ((WANT_A, WANT_B), (B, A), "pass", 1.0),
        ((WANT_A, WANT_B), (A,), "fail", 0.5),
        ((WANT_A,), (A, B), "fail", 1.0),
        ((WANT_A,), (A, A), "fail", 1.0),
        ((WANT_A, WANT_A), (A,), "fail", 0.5),
        ((WANT_A,), ({"name": "weather", "arguments": '{"city": "Rome"}'},), "fail", 0.0),
        ((WANT_A,), ({"name": "weather", "arguments": '{"city": '},), "fail", 0.0),
        ((WANT_B,), ({"name": "time", "arguments": ""},), "pass", 1.0),
        ((), (), "no_verdict", None),
    ],
)
def test_calls_are_compared_as_values(wanted, made, verdict, value):
    score = judge(tool_calls(), wanted, made)
    assert (score.verdict, score.value) == (verdict, value)


def test_a_case_that_offers_tools_may_expect_none():
    assert judge(tool_calls(), (), (), tools=({"type": "function"},)).verdict == "pass"
    assert judge(tool_calls(), (), (A,), tools=({"type": "function"},)).verdict == "fail"


def test_order_further_calls_and_arguments_are_choices():
    assert judge(tool_calls(ordered=True), (WANT_A, WANT_B), (B, A)).verdict == "fail"
    assert judge(tool_calls(ordered=True), (WANT_A, WANT_B), (A, B)).verdict == "pass"
    assert judge(tool_calls(more_allowed=True), (WANT_A,), (B, A)).verdict == "pass"
    assert judge(tool_calls(arguments=False), ({"name": "weather"},), (A,)).verdict == "pass"
