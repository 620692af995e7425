import json
from types import SimpleNamespace

import pytest
from tests.llm.retrieval.test_quality import Fixed

from loopwright import llm
from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.gates.gate import describe, run_gate

GOOD = SimpleNamespace(retriever=Fixed(("a", "1"), ("b", "2")))
BAD = SimpleNamespace(retriever=Fixed(("b", "2"), ("c", "3")))
NONE = SimpleNamespace(retriever=None)


@pytest.fixture
def project(tmp_path):
    line = json.dumps({"question": "q", "relevant": ["a"]})
    (tmp_path / "cases.jsonl").write_text("\n".join([line] * 40))
    (tmp_path / "few.jsonl").write_text("\n".join([line] * 29))
    return tmp_path


def judged(rule, project, candidate, champion=None):
    return rule.in_project(project)(candidate, champion, None)


def test_the_figure_is_compared_with_the_bound(project):
    rule = llm.recall_at(1, 0.8, cases="cases.jsonl")
    assert judged(rule, project, GOOD).outcome is Outcome.PASS
    found = judged(rule, project, BAD)
    assert (found.outcome, found.value, found.threshold, found.n) == (Outcome.FAIL, 0.0, 0.8, 40)
    assert judged(llm.mrr(0.5, cases="cases.jsonl"), project, GOOD).value == 1.0
    assert judged(llm.ndcg(5, 0.5, cases="cases.jsonl"), project, GOOD).value == 1.0


def test_what_cannot_be_measured_is_unknown(project):
    assert judged(llm.mrr(0.5, cases="none.jsonl"), project, GOOD).outcome is Outcome.UNKNOWN
    assert judged(llm.mrr(0.5, cases="cases.jsonl"), project, NONE).outcome is Outcome.UNKNOWN


def test_a_worse_index_than_the_champions_fails_and_few_questions_are_no_verdict(project):
    rule = llm.not_worse_retrieval("mrr", 0.05, cases="cases.jsonl")
    assert judged(rule, project, GOOD, BAD).outcome is Outcome.PASS
    assert judged(rule, project, BAD, GOOD).outcome is Outcome.FAIL
    assert judged(rule, project, GOOD, None).outcome is Outcome.NOT_APPLICABLE
    assert judged(rule, project, GOOD, NONE).outcome is Outcome.NOT_APPLICABLE
    few = llm.not_worse_retrieval("mrr", 0.05, cases="few.jsonl")
    assert judged(few, project, GOOD, BAD).outcome is Outcome.UNKNOWN


def test_a_difference_that_may_be_either_is_no_verdict(project):
    lines = [json.dumps({"question": "q", "relevant": [name]}) for name in ["a", "c"] * 20]
    (project / "mixed.jsonl").write_text("\n".join(lines))
    rule = llm.not_worse_retrieval("recall", 0.05, cases="mixed.jsonl", k=2)
    assert judged(rule, project, GOOD, BAD).outcome is Outcome.UNKNOWN


def test_a_gate_runs_them_and_a_plan_describes_them(project):
    rules = [
        llm.recall_at(1, 0.8, cases="cases.jsonl").in_project(project),
        llm.not_worse_retrieval("mrr", 0.05, cases="cases.jsonl").in_project(project),
    ]
    assert run_gate(rules, GOOD, None, evidence=None, first=True).passed
    assert not run_gate(rules, BAD, GOOD, evidence=None, first=False).passed
    assert describe(llm.recall_at(1, 0.8, cases="cases.jsonl"))["bound"] == 0.8


@pytest.mark.parametrize(
    "make",
    [
        lambda: llm.recall_at(0, 0.5, cases="x"),
        lambda: llm.recall_at(5, 1.5, cases="x"),
        lambda: llm.mrr(float("nan"), cases="x"),
        lambda: llm.not_worse_retrieval("precision", 0.1, cases="x"),
    ],
)
def test_a_rule_out_of_bounds_is_refused(make):
    with pytest.raises(UsageError):
        make()
