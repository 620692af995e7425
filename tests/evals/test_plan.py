"""A plan says what would be asked and paid, and never takes an unknown cost for nothing."""

import asyncio

import pytest
from tests.evals.judges.local_judge import route
from tests.evals.subjects import Says, numbered

from loopwright.evals.judges.faithfulness import faithfulness
from loopwright.evals.judges.rubric import rubric
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.plan import Guess, explain, plan_evaluation
from loopwright.evals.run import run_evaluation
from loopwright.evals.scorers.text import exact
from loopwright.testing.clocks import ManualClock

JUDGES = (rubric("good", judge=route("http://a/v1"), repeats=3), faithfulness(judge=route("http://a/v1")))


def plan(*scorers, kept=None, guess=None, repeats=2):
    return plan_evaluation(Says(str).version, numbered(10), scorers, repeats=repeats, kept=kept, guess=guess)


def test_answers_and_questions_are_counted():
    found = plan(exact(), *JUDGES)
    assert (found.to_ask, found.kept) == (20, 0)
    assert found.judges == {"rubric": 60, "faithfulness": 40}


def test_what_is_kept_is_not_asked():
    kept = KeptAnswers(None, clock=ManualClock())
    asyncio.run(run_evaluation(Says(lambda case: "yes"), numbered(4), [exact()], repeats=2, kept=kept))
    found = plan(exact(), *JUDGES, kept=kept)
    assert (found.to_ask, found.kept) == (12, 8)
    assert found.judges["rubric"] == 60


@pytest.mark.parametrize(
    ("guess", "cost"),
    [
        (None, None),
        (Guess(answer_usd=0.01), None),
        (Guess(judging_usd=0.01), None),
        (Guess(answer_usd=0.01, judging_usd=0.02), pytest.approx(20 * 0.03)),
    ],
)
def test_a_cost_that_nobody_knows_stays_unknown(guess, cost):
    found = plan(exact(), *JUDGES, guess=guess)
    assert found.cost_usd == cost
    assert ("unknown" in explain(found)[-1]) == (cost is None)


def test_where_nobody_is_asked_the_cost_is_nothing():
    kept = KeptAnswers(None, clock=ManualClock())
    asyncio.run(run_evaluation(Says(lambda case: "yes"), numbered(10), [exact()], repeats=2, kept=kept))
    found = plan(exact(), kept=kept)
    assert (found.to_ask, found.cost_usd) == (0, 0.0)
    assert explain(found)[-1] == "cost: nothing"
