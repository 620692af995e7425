"""RAGAS's metrics as they are, asked through our judges."""

import asyncio
import json

import pytest

pytest.importorskip("ragas")

from tests.evals.judges.local_judge import SocketJudge, answer, route
from tests.evals.subjects import case

from loopwright.core.environment import variables
from loopwright.errors import UsageError
from loopwright.integrations.ragas import ragas_metric
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.testing.upstream_server import LocalUpstream


def judged(metric, say, asked, given, **options):
    with LocalUpstream(say=say) as upstream:
        scorer = ragas_metric(metric, judge=route(upstream.url), at_least=0.6, **options).asking(SocketJudge())
        return asyncio.run(scorer.score(asked, given))


def nli(question):
    """Two statements, of which one is supported."""
    if "NLI" in question.last or "verdict" in question.last:
        found = [{"statement": s, "reason": "r", "verdict": v} for s, v in (("a", 1), ("b", 0))]
        return json.dumps({"statements": found})
    return json.dumps({"statements": ["a", "b"]})


def test_a_metric_of_ragas_is_asked_through_our_judge():
    score = judged("Faithfulness", nli, case("q"), answer("a. b.", "a"))
    assert (score.verdict, score.value) == ("fail", 0.5)
    assert score.cost_usd == pytest.approx(0.002)
    assert variables()["RAGAS_DO_NOT_TRACK"] == "true"


def test_what_the_metric_needs_and_the_case_has_not_is_no_verdict():
    score = judged("Faithfulness", nli, case("q"), answer("a. b."))
    assert score.verdict == "no_verdict"
    assert "retrieved_contexts" in score.reason


def test_a_judge_that_cannot_be_understood_is_no_verdict():
    score = judged("Faithfulness", lambda question: "fine!", case("q"), answer("a.", "a"))
    assert score.verdict == "no_verdict"


def test_a_metric_with_vectors_uses_our_embedder():
    def say(question):
        return json.dumps({"question": "when does the parcel come", "noncommittal": 0})

    asked = case("when does the parcel come")
    score = judged("AnswerRelevancy", say, asked, answer("today"), embedder=HashingEmbedder(512))
    assert (score.verdict, round(score.value, 3)) == ("pass", 1.0)


def test_there_is_no_such_metric():
    with pytest.raises(UsageError):
        ragas_metric("Nonsense", judge=route("http://a/v1"), at_least=0.5)
