"""A scorer of the user's own."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.score import Score
from loopwright.evals.scorers.code import code


def polite(case, answer):
    return "please" in answer.text


def other(case, answer):
    return "thanks" in answer.text


def returned(case, answer):
    return case.expected


def judge(scorer, expected=None, text="please"):
    return asyncio.run(scorer.score(case("q", expected), Answer(text=text)))


def test_a_truth_decides_and_the_function_names_it():
    assert (judge(code(polite)).verdict, judge(code(polite)).scorer) == ("pass", "polite")
    assert judge(code(polite), text="now").verdict == "fail"
    assert judge(code(polite, at_least=7.0)).verdict == "pass"


@pytest.mark.parametrize(
    ("said", "verdict", "value"),
    [
        (0.5, "pass", 0.5),
        (0.4, "fail", 0.4),
        (float("nan"), "no_verdict", None),
        (None, "no_verdict", None),
        ("yes", "no_verdict", None),
        (Score(scorer="x", verdict="fail", value=3.0), "fail", 3.0),
    ],
)
def test_numbers_scores_and_nothing(said, verdict, value):
    score = judge(code(returned), said)
    assert (score.verdict, score.value, score.scorer) == (verdict, value, "returned")


def test_the_digest_is_of_the_functions_text_and_threshold():
    assert code(polite).digest == code(polite).digest
    assert len({code(polite).digest, code(other, name="polite").digest, code(polite, at_least=0.9).digest}) == 3


def test_a_function_without_a_lasting_name_is_refused():
    with pytest.raises(UsageError):
        code(lambda case, answer: True)
