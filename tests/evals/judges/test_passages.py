"""Judges of passages follow RAGAS's definitions, figure by figure."""

import asyncio
import json

import pytest
from tests.evals.judges.local_judge import Material, SocketJudge, answer, route, saying
from tests.evals.subjects import case

from loopwright.evals.answer import Answer
from loopwright.evals.judges.citation_support import citation_support
from loopwright.evals.judges.context import average_precision, context_precision, context_recall
from loopwright.evals.judges.faithfulness import faithfulness
from loopwright.evals.judges.relevancy import answer_relevancy
from loopwright.evals.judges.sentences import sentences
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.testing.upstream_server import LocalUpstream


def supported_by_words(material: Material) -> str:
    """A judge that can only compare words: a claim is supported where a passage holds it."""
    if "Answer" in material.texts:
        return json.dumps({"statements": sentences(material.texts["Answer"])})
    claims = material.all("Statement") or material.all("Sentence")
    text = " ".join(material.all("Passage"))
    return verdicts([claim.strip(".") in text for claim in claims])


def verdicts(found):
    return json.dumps({"verdicts": [{"statement": n, "supported": good} for n, good in enumerate(found, start=1)]})


def judged(make, rule, asked, given, **options):
    with LocalUpstream(say=saying(rule)) as upstream:
        scorer = make(judge=route(upstream.url), **options).asking(SocketJudge())
        return asyncio.run(scorer.score(asked, given))


def test_faithfulness_is_the_share_of_statements_that_passages_support():
    given = answer(
        "Parcels take two days. Returns are free. We ship to Mars.", "Parcels take two days", "Returns are free"
    )
    score = judged(faithfulness, supported_by_words, case("q"), given, at_least=0.6)
    assert (score.verdict, score.value) == ("pass", pytest.approx(2 / 3))
    assert score.details["unsupported"] == ["We ship to Mars."]
    assert judged(faithfulness, supported_by_words, case("q"), given, at_least=0.7).verdict == "fail"
    assert score.cost_usd == pytest.approx(0.002)


def test_an_answer_without_passages_or_statements_has_no_verdict():
    assert judged(faithfulness, supported_by_words, case("q"), answer("Parcels.")).verdict == "no_verdict"
    silent = judged(faithfulness, lambda material: '{"statements": []}', case("q"), answer("Hello.", "p"))
    assert (silent.verdict, silent.reason) == ("no_verdict", "the answer claims nothing")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_verdicts_of_another_number_of_statements_are_not_understood(count):
    def rule(material):
        return supported_by_words(material) if "Answer" in material.texts else verdicts([True] * count)

    score = judged(faithfulness, rule, case("q"), answer("One. Two.", "p"))
    assert score.verdict == "no_verdict"
    assert "2 statements" in score.reason


@pytest.mark.parametrize(
    ("useful", "value"),
    [
        ([True, True], 1.0),
        ([True, False, True], (1 + 2 / 3) / 2),
        ([False, True], 0.5),
        ([False, False], 0.0),
        ([], 0.0),
    ],
)
def test_context_precision_is_average_precision(useful, value):
    assert average_precision(useful) == pytest.approx(value)


def test_context_precision_asks_of_each_passage_in_its_place():
    def rule(material):
        return verdicts(["two days" in text for text in material.all("Passage")])

    given = answer("x", "about cats", "it takes two days")
    score = judged(context_precision, rule, case("q", "It takes two days."), given)
    assert (score.verdict, score.value) == ("fail", 0.5)
    assert judged(context_precision, rule, case("q"), given).verdict == "no_verdict"


def test_context_recall_is_the_share_of_the_references_sentences_that_passages_say():
    asked = case("q", "Parcels take two days. Returns are free.")
    score = judged(context_recall, supported_by_words, asked, answer("x", "Parcels take two days"))
    assert (score.verdict, score.value) == ("fail", 0.5)
    assert score.details["missing"] == ["Returns are free."]


def test_a_citation_counts_where_its_own_source_says_so():
    def rule(material):
        claims, sources = material.all("Claim"), material.all("Source of claim")
        return verdicts([claim.split(" [")[0] in source for claim, source in zip(claims, sources, strict=True)])

    given = answer(
        "Parcels take two days [1]. Returns are free. [2] We ship to Mars [7]. Hello.", "Parcels take two days", "x"
    )
    score = judged(citation_support, rule, case("q"), given)
    assert score.value == pytest.approx(1 / 3)
    assert len(score.details["unsupported"]) == 2
    swapped = answer("Parcels take two days [2].", "Parcels take two days", "x")
    assert judged(citation_support, rule, case("q"), swapped).value == 0.0
    assert judged(citation_support, rule, case("q"), answer("No marks.", "p")).verdict == "no_verdict"
    assert judged(citation_support, rule, case("q"), answer("So [9].", "p")).value == 0.0


def test_relevancy_is_the_nearness_of_questions_that_the_answer_answers():
    def rule(material):
        about = "parcel" if "parcel" in material.texts["Answer"] else "cats"
        return json.dumps({"questions": [f"when does the {about} come"] * 3, "noncommittal": False})

    options = {"embedder": HashingEmbedder(512), "at_least": 0.9}
    asked = case("when does the parcel come")
    assert judged(answer_relevancy, rule, asked, Answer(text="The parcel comes today."), **options).verdict == "pass"
    assert judged(answer_relevancy, rule, asked, Answer(text="They purr."), **options).verdict == "fail"


def test_an_answer_that_commits_itself_to_nothing_is_not_relevant():
    def rule(material):
        return json.dumps({"questions": ["when does the parcel come"] * 3, "noncommittal": True})

    options = {"embedder": HashingEmbedder(512)}
    score = judged(answer_relevancy, rule, case("when does the parcel come"), Answer(text="Who knows."), **options)
    assert (score.verdict, score.value) == ("fail", 0.0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("See e.g. this. Then that.", ["See e.g. this.", "Then that."]),
        ("Dr. A. Smith came. He left.", ["Dr. A. Smith came.", "He left."]),
        ("It costs 3.50 EUR. Yes", ["It costs 3.50 EUR.", "Yes"]),
        ("- one\n- two\n", ["- one", "- two"]),
        ("  ", []),
    ],
)
def test_sentences(text, parts):
    assert sentences(text) == parts
