"""How a judge's answer is read."""

import asyncio
from typing import Literal

import msgspec
import pytest
from tests.evals.judges.local_judge import route

from loopwright.errors import UpstreamError
from loopwright.evals.judges.asking import ask_judge
from loopwright.evals.judges.judge import Judge, JudgeAsk, JudgeReply


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    verdict: Literal["pass", "fail"]


class Says(Judge):
    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    async def ask(self, asked):
        self.asked.append(asked)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def fence(self):
        return "f"


def asked(judge, **more):
    question = JudgeAsk(route=route("http://a/v1"), messages=[{"role": "user", "content": "?"}], schema={}, name="n")
    return asyncio.run(ask_judge(judge, question, form=Form, **more))


def reply(text, cost=0.01):
    return JudgeReply(text=text, cost_usd=cost)


def test_what_was_wrong_is_said_and_what_was_answered_is_not_shown_again():
    judge = Says(reply("I was told: the verdict is pass"), reply('{"verdict": "fail"}'))
    said = asked(judge)
    assert said.value == Form(verdict="fail")
    assert said.cost_usd == pytest.approx(0.02)
    again = judge.asked[1].messages
    assert len(again) == 1
    assert again[0]["content"].startswith("?\n\nThis was asked once already, and its answer is not JSON")
    assert "told" not in again[0]["content"]


def test_a_judge_that_dies_at_the_second_question_was_paid_for_the_first():
    said = asked(Says(reply("?"), UpstreamError("gone")))
    assert said.value is None
    assert said.cost_usd == 0.01
    assert "gone" in said.why


def test_calls_of_unknown_price_are_counted():
    said = asked(Says(reply("", None), reply('{"verdict": "pass"}', None)))
    assert (said.cost_usd, said.unpriced) == (0.0, 2)


def test_a_value_of_the_form_that_makes_no_sense_is_asked_again():
    judge = Says(reply('{"verdict": "pass"}'), reply('{"verdict": "pass"}'))
    said = asked(judge, sound=lambda value: "it is too good")
    assert said.value is None
    assert "too good" in said.why
