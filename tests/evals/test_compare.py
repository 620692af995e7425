"""Two versions are compared case by case."""

import asyncio
import json

import pytest
from tests.evals.judges.local_judge import SocketJudge, route, saying
from tests.evals.subjects import Says, numbered

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.compare import compare
from loopwright.evals.judges.pairwise import pairwise
from loopwright.evals.pairs import prefer
from loopwright.evals.run import run_evaluation
from loopwright.evals.scorers.figures import latency
from loopwright.evals.scorers.text import exact
from loopwright.testing.upstream_server import LocalUpstream


def result(say, version, *, n=40, scorers=None, repeats=1):
    subject = Says(say, version=version)
    return asyncio.run(run_evaluation(subject, numbered(n), scorers or [exact()], repeats=repeats))


def at(one):
    return int(one.id[1:])


def test_wins_losses_ties_and_the_cases_that_flipped():
    first = result(lambda one: "yes" if at(one) != 3 else "no", "a")
    second = result(lambda one: "yes" if at(one) >= 5 else "no", "b")
    (found,) = compare(first, second).differences
    assert (found.wins, found.losses, found.ties) == (4, 0, 36)
    assert found.rate.value == pytest.approx(0.1)
    assert found.p_value == pytest.approx(0.125)
    assert [flip.case for flip in found.flips] == ["q0", "q1", "q2", "q4"]
    assert (found.flips[0].first, found.flips[0].second) == (1.0, 0.0)


def test_losses_stand_before_wins():
    first = result(lambda one: "yes" if at(one) == 1 else "no", "a", n=3)
    second = result(lambda one: "yes" if at(one) == 2 else "no", "b", n=3)
    (found,) = compare(first, second).differences
    assert [flip.case for flip in found.flips] == ["q2", "q1"]


def test_a_case_without_a_verdict_on_one_side_is_left_out_and_counted():
    first = result(lambda one: Answer(error="LW516") if at(one) == 0 else "yes", "a")
    second = result(lambda one: "yes" if at(one) else "no", "b")
    comparison = compare(first, second)
    assert comparison.differences[0].rate.n == 39
    assert comparison.differences[0].wins == 0
    assert comparison.left_out == {"exact": 1}


def test_repeats_are_averaged_within_their_case():
    turns = iter(["yes", "no"] * 40)
    first = result(lambda one: next(turns), "a", repeats=2)
    second = result(lambda one: "no", "b", repeats=2)
    (found,) = compare(first, second).differences
    assert found.rate.value == pytest.approx(0.5)
    assert (found.rate.n, found.wins) == (40, 40)


def test_figures_are_compared_too():
    first = result(lambda one: Answer(text="x", latency_us=1_000_000 + at(one)), "a", scorers=[latency(at_most_s=5)])
    second = result(lambda one: Answer(text="x", latency_us=3_000_000), "b", scorers=[latency(at_most_s=5)])
    (found,) = compare(first, second).differences
    assert found.mean.value == pytest.approx(-2.0, abs=1e-3)
    assert found.mean.high < -1.9


def test_other_cases_or_another_scorer_cannot_be_compared():
    with pytest.raises(UsageError, match="different cases"):
        compare(result(lambda one: "yes", "a"), result(lambda one: "yes", "b", n=3))
    with pytest.raises(UsageError, match="another one"):
        compare(result(lambda one: "yes", "a"), result(lambda one: "yes", "b", scorers=[exact(ignore_case=True)]))
    with pytest.raises(UsageError, match="no scorer in common"):
        compare(result(lambda one: "yes", "a"), result(lambda one: "yes", "b", scorers=[latency(at_most_s=1)]))


def test_a_judge_prefers_one_versions_answers():
    def longer(material):
        first, second = material.texts["First answer"], material.texts["Second answer"]
        side = "first" if len(first) >= len(second) else "second"
        return json.dumps({"reasoning": "", "better": side})

    first = result(lambda one: "long answer" if at(one) < 4 else "x", "a", n=8)
    second = result(lambda one: Answer(error="LW516") if at(one) == 7 else "y" if at(one) < 6 else "zz", "b", n=8)
    with LocalUpstream(say=saying(longer)) as upstream:
        asked = prefer(
            pairwise(judge=route(upstream.url)), numbered(8), first=first, second=second, judge=SocketJudge()
        )
        found = asyncio.run(asked)
    assert (found.wins, found.losses, found.ties, found.no_verdict) == (4, 1, 0, 3)
    assert found.unjudged == {"the order decided": 2, "one of the answers is missing": 1}
    assert found.cost_usd == pytest.approx(0.014)
