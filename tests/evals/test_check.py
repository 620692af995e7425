"""A gate judges an application by its evaluations; what was not judged never passes."""

import asyncio

import pytest
from tests.evals.subjects import Says, numbered

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.check import ApplicationEvidence, evaluation
from loopwright.evals.run import run_evaluation
from loopwright.evals.scorers.text import contains, exact, length
from loopwright.gates.gate import run_gate


def shown(check, say, *, n=200, version="v"):
    subject = Says(say, version=version)
    result = asyncio.run(run_evaluation(subject, numbered(n), check.scorers, repeats=check.repeats))
    return ApplicationEvidence(version=subject.version, results={check.name: result})


def right(share):
    return lambda case: "yes" if int(case.id[1:]) < share * 200 else "no"


@pytest.mark.parametrize(("share", "outcome"), [(0.95, Outcome.PASS), (0.9, Outcome.PASS), (0.89, Outcome.FAIL)])
def test_the_pass_rate_itself_is_held_against_the_bound(share, outcome):
    check = evaluation("cases/*.jsonl", exact(), at_least=0.9)
    verdict = check(shown(check, right(share)), None)
    assert verdict.outcome is outcome
    assert verdict.value == pytest.approx(share)
    assert verdict.interval[0] < share < verdict.interval[1]


@pytest.mark.parametrize(("share", "outcome"), [(1.0, Outcome.PASS), (0.92, Outcome.UNKNOWN), (0.8, Outcome.FAIL)])
def test_surely_asks_for_the_whole_interval(share, outcome):
    check = evaluation("c", exact(), at_least=0.9, surely=True)
    assert check(shown(check, right(share)), None).outcome is outcome


def test_the_worst_of_several_scorers_decides():
    check = evaluation("c", exact(), contains("y", name="y"), at_least={"exact": 0.5, "y": 0.99})
    verdict = check(shown(check, right(0.9)), None)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith("y passes")


def test_a_scorer_without_a_bound_decides_nothing():
    check = evaluation("c", exact(), length(at_most_words=0), at_least={"exact": 0.5})
    assert check(shown(check, right(0.9)), None).outcome is Outcome.PASS


def test_too_many_answers_without_a_verdict_are_unknown_however_good_the_rest():
    check = evaluation("c", exact(), at_least=0.5, most_no_verdict=0.02)
    broken = Answer(error="LW516", why="gone")
    fine = shown(check, lambda case: broken if case.id in ("q1", "q2", "q3", "q4") else "yes")
    assert check(fine, None).outcome is Outcome.PASS
    verdict = check(shown(check, lambda case: broken if int(case.id[1:]) < 5 else "yes"), None)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "5 of 200" in verdict.reason


def test_nothing_judged_is_unknown():
    check = evaluation("c", exact(), at_least=0.0, most_no_verdict=1.0)
    assert check(shown(check, lambda case: Answer(error="LW516")), None).outcome is Outcome.UNKNOWN


def test_a_candidate_that_was_not_evaluated_is_unknown():
    check = evaluation("c", exact(), at_least=0.5)
    assert check(ApplicationEvidence(version="v", results={}), None).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("mine", "theirs", "outcome"),
    [(0.95, 0.95, Outcome.PASS), (0.7, 0.95, Outcome.FAIL), (0.93, 0.95, Outcome.UNKNOWN)],
)
def test_the_margin_is_held_against_the_whole_interval_of_the_difference(mine, theirs, outcome):
    check = evaluation("c", exact(), margin=0.03)
    verdict = check(shown(check, right(mine)), shown(check, right(theirs), version="champion"))
    assert verdict.outcome is outcome


def test_few_cases_that_agree_do_not_show_that_a_candidate_is_as_good():
    check = evaluation("c", exact(), margin=0.02)
    few = [shown(check, lambda case: "yes", n=10) for _ in range(2)]
    assert check(*few).outcome is Outcome.UNKNOWN


def test_a_champion_without_the_evaluation_is_unknown_and_none_at_all_is_not_applicable():
    check = evaluation("c", exact(), margin=0.02)
    mine = shown(check, right(1.0))
    assert check(mine, ApplicationEvidence(version="w", results={})).outcome is Outcome.UNKNOWN
    assert check(mine, None).outcome is Outcome.NOT_APPLICABLE


def test_a_champion_that_could_not_be_judged_is_no_mark_to_beat():
    check = evaluation("c", exact(), margin=0.05)
    dead = shown(check, lambda case: "yes" if case.id < "q3" else Answer(error="LW516"))
    verdict = check(shown(check, right(1.0)), dead)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason.startswith("the champion")


def test_a_candidate_that_could_not_be_judged_is_not_as_good_as_the_champion():
    check = evaluation("c", exact(), margin=0.05)
    dead = shown(check, lambda case: "yes" if int(case.id[1:]) < 190 else Answer(error="LW516"))
    assert check(dead, shown(check, right(0.5))).outcome is Outcome.UNKNOWN


def test_a_champion_judged_on_other_cases_is_unknown():
    check = evaluation("c", exact(), margin=0.05)
    assert check(shown(check, right(1.0)), shown(check, right(1.0), n=199)).outcome is Outcome.UNKNOWN


def test_a_gate_runs_evaluations_as_its_checks():
    check = evaluation("c", exact(), at_least=0.9)
    result = run_gate([check], shown(check, right(1.0)), None, evidence=None, first=True)
    assert result.outcome is Outcome.PASS
    only_compares = evaluation("c", exact(), margin=0.02)
    result = run_gate([only_compares], shown(only_compares, right(1.0)), None, evidence=None, first=True)
    assert result.outcome is Outcome.UNKNOWN


def test_the_digest_changes_with_scorers_and_bounds():
    base = evaluation("c", exact(), at_least=0.9, name="e")
    others = [
        evaluation("c", exact(ignore_case=True), at_least=0.9, name="e"),
        evaluation("c", exact(), at_least=0.8, name="e"),
        evaluation("c", exact(), at_least=0.9, name="e", repeats=2),
    ]
    assert base.digest == evaluation("c", exact(), at_least=0.9, name="e").digest
    assert len({base.digest, *(other.digest for other in others)}) == 4


@pytest.mark.parametrize(
    "more", [{"at_least": {"other": 0.9}}, {"at_least": 1.5}, {"margin": float("nan")}, {"repeats": 0}]
)
def test_bounds_that_mean_nothing_are_refused(more):
    with pytest.raises(UsageError):
        evaluation("c", exact(), **more)
