"""Nearness by an embedder."""

import asyncio

from tests.evals.subjects import case

from loopwright.evals.answer import Answer
from loopwright.evals.scorers.similarity import similarity
from loopwright.llm.embedding.hashing import HashingEmbedder

EMBEDDER = HashingEmbedder(512)


def judge(text, expected):
    return asyncio.run(similarity(EMBEDDER, at_least=0.8).score(case("q", expected), Answer(text=text)))


def test_the_nearest_of_several_counts():
    near = judge("the parcel comes on Monday", ["no idea whatsoever", "the parcel comes on Monday"])
    assert near.verdict == "pass"
    assert near.value > 0.99
    assert judge("the parcel comes on Monday", "cats sleep all day").verdict == "fail"


def test_nothing_expected_is_no_verdict_and_nothing_answered_is_not_near():
    assert judge("x", None).verdict == "no_verdict"
    assert judge("", "the parcel").verdict == "fail"


def test_the_embedder_is_part_of_the_digest():
    other = HashingEmbedder(256)
    assert similarity(EMBEDDER, at_least=0.8).digest != similarity(other, at_least=0.8).digest
