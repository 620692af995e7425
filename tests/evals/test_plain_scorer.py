"""What scorers that compute have in common."""

import asyncio

import pytest
from tests.evals.subjects import case

from loopwright.evals.answer import Answer
from loopwright.evals.plain_scorer import function_identity
from loopwright.evals.scorers.figures import numeric
from loopwright.evals.scorers.text import contains, exact


def one(case, answer):
    return True


def test_a_digest_is_of_the_kind_and_every_field():
    assert exact().digest == exact().digest
    digests = {exact().digest, exact(ignore_case=True).digest, exact(name="x").digest, contains().digest}
    assert len(digests) == 4


def test_a_function_is_named_by_where_it_is_and_what_it_says():
    found = function_identity(one)
    assert found["function"].endswith("test_plain_scorer:one")
    assert found["source"] != function_identity(case)["source"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_not_finite_is_no_verdict(value):
    assert numeric().verdict(True, value=value).verdict == "no_verdict"


def test_reasons_are_cut():
    score = asyncio.run(exact().score(case("q", "a" * 5000), Answer(text="b")))
    assert len(score.reason) <= 300
