"""A limit of money stops a run, and an unknown price is not taken for nothing."""

import asyncio

import pytest
from tests.evals.judges.local_judge import route
from tests.evals.subjects import Says, numbered

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.judges.judge import Judge, JudgeReply
from loopwright.evals.judges.rubric import rubric
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.run import run_evaluation
from loopwright.evals.scorers.text import exact
from loopwright.evals.spending import LimitedJudge, LimitedSubject, Spending
from loopwright.testing.clocks import ManualClock


def run(subject, n, *scorers, concurrency=1, kept=None):
    return asyncio.run(run_evaluation(subject, numbered(n), scorers, concurrency=concurrency, kept=kept))


@pytest.mark.parametrize(("concurrency", "most"), [(1, 5), (4, 8)])
def test_no_further_answer_is_asked_once_the_money_is_spent(concurrency, most):
    inner = Says(lambda case: "yes", wait_s=0.001)
    result = run(LimitedSubject(inner, Spending(0.0045)), 30, exact(), concurrency=concurrency)
    assert 5 <= len(inner.asked) <= most
    assert result.errors == {"LW513": 30 - len(inner.asked)}
    assert result.summary("exact").no_verdict == 30 - len(inner.asked)


def test_a_run_goes_on_with_more_money_where_it_stopped():
    kept = KeptAnswers(None, clock=ManualClock())
    run(LimitedSubject(Says(lambda case: "yes"), Spending(0.0045)), 30, exact(), kept=kept)
    again = Says(lambda case: "yes")
    assert run(LimitedSubject(again, Spending(1.0)), 30, exact(), kept=kept).errors == {}
    assert len(again.asked) == 25


def test_after_a_call_of_unknown_price_none_is_made():
    inner = Says(lambda case: Answer(text="yes", cost_usd=None))
    result = run(LimitedSubject(inner, Spending(1.0)), 5, exact())
    assert len(inner.asked) == 1
    assert result.errors == {"LW514": 4}


def test_judges_and_answers_share_one_limit():
    class Dear(Judge):
        asked = 0

        async def ask(self, asked):
            self.asked += 1
            return JudgeReply(text='{"reasoning": "", "verdict": "pass"}', cost_usd=0.01)

        def fence(self):
            return "f"

    judge, spending = Dear(), Spending(0.02)
    scorer = rubric("good", judge=route("http://a/v1")).asking(LimitedJudge(judge, spending))
    result = run(LimitedSubject(Says(lambda case: "yes"), spending), 10, scorer)
    assert judge.asked == 2
    assert result.summary("rubric").passed == 2
    assert result.summary("rubric").no_verdict == 8


@pytest.mark.parametrize("limit", [-1.0, float("nan"), float("inf")])
def test_what_is_no_amount_is_refused(limit):
    with pytest.raises(UsageError):
        Spending(limit)
