"""Two results are shown to a judge of pairs that a file declares."""

import asyncio
import json
from types import ModuleType

import pytest
from tests.evals.judges.local_judge import route, saying

from loopwright.app.evaluations.journey import EvaluationJourney, Manner
from loopwright.app.evaluations.preferring import preferences
from loopwright.app.evaluations.target import endpoint_target
from loopwright.errors import NotFoundError, UsageError
from loopwright.evals.check import evaluation
from loopwright.evals.judges.pairwise import pairwise
from loopwright.evals.scorers.text import length
from loopwright.llm.route import Route, Upstream
from loopwright.testing.upstream_server import LocalUpstream


def kept(workspace, url, check, model):
    target = endpoint_target(url, model)
    return asyncio.run(EvaluationJourney(workspace, check, target, manner=Manner()).apply()).kept


def file_with(check, *judges):
    module = ModuleType("declares")
    module.check = check
    for number, judge in enumerate(judges):
        setattr(module, f"judge{number}", judge)
    return module


def test_the_declared_judge_is_asked_in_both_orders(workspace, upstream, project):
    check = evaluation("cases/*.jsonl", length(), name="e")
    both = [kept(workspace, upstream.url, check, model) for model in ("a", "b")]
    with LocalUpstream(say=saying(lambda material: json.dumps({"reasoning": "", "better": "tie"}))) as judge:
        module = file_with(check, pairwise(judge=route(judge.url)))
        said = asyncio.run(preferences(workspace, module, both[0], second=both[1], agreed=False))
        assert judge.counts["calls"] == 12
    assert (said.ties, said.wins, said.losses) == (6, 0, 0)
    (project / "cases/a.jsonl").write_text('{"question": "another"}')
    with pytest.raises(UsageError, match="not of these cases"):
        asyncio.run(preferences(workspace, module, both[0], second=both[1], agreed=False))


def test_a_judge_that_costs_needs_consent_and_one_that_is_missing_is_named(workspace, upstream):
    check = evaluation("cases/*.jsonl", length(), name="e")
    one = kept(workspace, upstream.url, check, "a")
    paid = Route(upstreams=(Upstream(name="j", url="http://127.0.0.1:9/v1", model="j", key="env:NO_SUCH_KEY"),))
    with pytest.raises(UsageError, match="cost"):
        asyncio.run(preferences(workspace, file_with(check, pairwise(judge=paid)), one, second=one, agreed=False))
    with pytest.raises(NotFoundError, match="0 judges"):
        asyncio.run(preferences(workspace, file_with(check), one, second=one, agreed=True))
