"""Answers of a form."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.scorers.schema import json_schema

SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}


def judge(scorer, text, **more):
    return asyncio.run(scorer.score(case("q", **more), Answer(text=text)))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [('{"price": 3}', "pass"), ('{"price": "3"}', "fail"), ("{}", "fail"), ("price: 3", "fail"), ("", "fail")],
)
def test_the_whole_answer_is_held_against_the_schema(text, verdict):
    assert judge(json_schema(SCHEMA), text).verdict == verdict
    assert judge(json_schema(), text, metadata={"schema": SCHEMA}).verdict == verdict


def test_what_cannot_be_judged_by_is_refused_or_no_verdict():
    assert judge(json_schema(), "{}").verdict == "no_verdict"
    assert judge(json_schema(), "{}", metadata={"schema": {"odd": 1}}).verdict == "no_verdict"
    with pytest.raises(UsageError):
        json_schema({"odd": 1})
