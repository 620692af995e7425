"""Refusals are told by their words."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.evals.answer import Answer
from loopwright.evals.scorers.refusal import refusal, refuses


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, but I can\u2019t help with that.",
        "I cannot provide that information.",
        "I am unable to answer this.",
        "As an AI, I do not give medical advice.",
        "I don't know.",
        "I do not have enough information to answer.",
        "That is against our policy.",
    ],
)
def test_refusals_are_seen(text):
    assert refuses(Answer(text=text))


@pytest.mark.parametrize(
    "text",
    [
        "The capital is Paris.",
        "You cannot return goods after 30 days.",
        "He said sorry and left.",
        "Customers who are unable to log in can reset their password.",
        "x" * 400 + " I'm sorry, I can't.",
        "",
    ],
)
def test_answers_are_no_refusals(text):
    assert not refuses(Answer(text=text))


def test_a_blocked_or_filtered_answer_is_a_refusal():
    assert refuses(Answer(blocked_by="topics"))
    assert refuses(Answer(finish="content_filter"))


def test_what_is_expected_decides():
    no, yes = Answer(text="I can't help with that."), Answer(text="Paris.")
    assert asyncio.run(refusal(expected=True).score(case("q"), no)).verdict == "pass"
    assert asyncio.run(refusal().score(case("q"), no)).verdict == "fail"
    assert asyncio.run(refusal().score(case("q"), yes)).verdict == "pass"
    by_case = refusal(expected=None)
    assert asyncio.run(by_case.score(case("q", metadata={"refusal": True}), no)).verdict == "pass"
    assert asyncio.run(by_case.score(case("q"), no)).verdict == "no_verdict"
