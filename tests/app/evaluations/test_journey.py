"""An evaluation of a model behind an address: planned, run over a socket, kept, gone on with."""

import asyncio
import json
import subprocess
import sys
import time

import pytest
from tests.evals.judges.local_judge import Material, saying

from loopwright.app.evaluations.journey import EvaluationJourney, Manner, refuse_unasked_cost
from loopwright.app.evaluations.results import find_result, kept_results, read_result
from loopwright.app.evaluations.target import GIVEN, endpoint_target
from loopwright.core.verdict import Outcome
from loopwright.errors import NotFoundError, UsageError
from loopwright.evals.check import evaluation
from loopwright.evals.judges.rubric import rubric
from loopwright.evals.scorers.text import contains, exact, length
from loopwright.llm.route import Route, Timeouts, Upstream
from loopwright.testing.upstream_server import LocalUpstream

CHECK = evaluation("cases/*.jsonl", exact(), length(), at_least={"exact": 0.9}, name="numbers")


def journey(workspace, upstream, check=CHECK, *, model="tiny", **manner):
    return EvaluationJourney(workspace, check, endpoint_target(upstream.url, model), manner=Manner(**manner))


def run(*args, **more):
    return asyncio.run(journey(*args, **more).apply())


def test_a_model_behind_an_address_is_asked_scored_and_kept(workspace, upstream):
    done = run(workspace, upstream)
    assert (done.kept.answers, done.kept.verdict.outcome) == (6, Outcome.PASS)
    assert upstream.counts["/v1/chat/completions"] == 6
    assert done.result.rows[0].answer.usage.input_tokens > 0
    assert done.result.rows[0].answer.latency_us > 0
    (kept,) = kept_results(workspace)
    assert read_result(workspace, kept) == done.result
    assert find_result(workspace, kept.id[:10]) == find_result(workspace, "latest") == kept


def test_a_second_run_asks_nobody_until_it_is_to_be_fresh(workspace, upstream):
    run(workspace, upstream)
    assert journey(workspace, upstream).plan().to_ask == 0
    assert run(workspace, upstream).result.kept == 6
    assert upstream.counts["calls"] == 6
    assert journey(workspace, upstream, fresh=True).plan().to_ask == 6
    run(workspace, upstream, fresh=True)
    assert upstream.counts["calls"] == 12


def test_another_model_is_another_version(workspace, upstream):
    run(workspace, upstream)
    assert journey(workspace, upstream, model="other").plan().to_ask == 6


def test_a_plan_asks_nobody(workspace, upstream):
    journey(workspace, upstream).plan()
    assert upstream.counts["calls"] == 0


def test_an_upstream_that_fails_gives_errors_and_no_verdict_and_is_asked_again(workspace):
    with LocalUpstream(fault="500") as upstream:
        done = run(workspace, upstream)
        assert done.kept.errors == {"LW516": 6}
        assert done.kept.verdict.outcome is Outcome.UNKNOWN
        upstream.fail("")
        assert run(workspace, upstream).kept.verdict.outcome is Outcome.PASS


def polite(material: Material) -> str:
    good = material.texts["Answer"].endswith(("0", "1", "2"))
    return json.dumps({"reasoning": "by the number", "verdict": "pass" if good else "fail"})


def judged(url, **route):
    pinned = Route(
        upstreams=(Upstream(name="judge", url=url, model="judge-1", **route),), timeouts=Timeouts(total_s=2.0)
    )
    return evaluation("cases/*.jsonl", rubric("It is small.", judge=pinned), at_least=0.5, name="judged")


def test_judges_are_asked_through_their_own_route(workspace, upstream):
    with LocalUpstream(say=saying(polite)) as judge:
        check = judged(judge.url)
        assert journey(workspace, upstream, check).plan().judges == {"rubric": 6}
        done = run(workspace, upstream, check)
        assert (done.result.summary("rubric").passed, done.result.summary("rubric").failed) == (3, 3)
        assert judge.counts["calls"] == 6
        assert judge.seen[0].body["response_format"]["json_schema"]["name"] == "ruling"
        run(workspace, upstream, check)
        assert judge.counts["calls"] == 6
        assert journey(workspace, upstream, check).plan().judges == {"rubric": 0}


def test_a_judge_that_is_gone_gives_no_verdict(workspace, upstream):
    done = run(workspace, upstream, judged("http://127.0.0.1:9/v1"))
    assert done.result.summary("rubric").no_verdict == 6
    assert done.kept.verdict.outcome is Outcome.UNKNOWN


def test_answers_that_cases_bring_along_are_judged_and_nobody_is_asked(workspace, project):
    (project / "cases/a.jsonl").write_text(
        '{"question": "q", "expected": "a", "metadata": {"answer": "a"}}\n{"question": "r", "expected": "a"}'
    )
    check = evaluation("cases/*.jsonl", contains(), at_least=0.5, most_no_verdict=0.5, name="given")
    found = EvaluationJourney(workspace, check, GIVEN, manner=Manner())
    assert found.plan().cost_usd == 0.0
    done = asyncio.run(found.apply())
    assert (done.result.summary("contains").passed, done.result.summary("contains").no_verdict) == (1, 1)


def test_what_may_cost_money_is_agreed_to_before(workspace, upstream):
    def asked(check=CHECK, *, agreed=False, key="env:NO_SUCH_KEY"):
        target = endpoint_target(upstream.url, "tiny", key=key)
        found = EvaluationJourney(workspace, check, target, manner=Manner())
        refuse_unasked_cost(found, found.plan(), agreed=agreed)

    asked(key="")
    asked(agreed=True)
    with pytest.raises(UsageError, match="an unknown amount"):
        asked()
    with pytest.raises(UsageError, match="cost"):
        asked(judged(upstream.url, key="env:NO_SUCH_KEY"), key="")


def test_a_limit_stops_after_a_call_of_unknown_price(workspace, upstream):
    done = run(workspace, upstream, limit_usd=1.0, concurrency=1)
    assert done.kept.errors == {"LW514": 5}
    assert upstream.counts["calls"] == 1


def test_a_result_that_is_not_there_is_refused(workspace):
    with pytest.raises(NotFoundError):
        find_result(workspace, "evl_abc")
    with pytest.raises(NotFoundError):
        find_result(workspace, "latest")


@pytest.mark.parametrize(
    ("url", "model", "more"),
    [
        ("ftp://x", "m", {}),
        ("http://x/v1", "", {}),
        ("http://x/v1", "m", {"api": "x"}),
        ("http://x/v1", "m", {"key": "sk-123"}),
    ],
)
def test_an_endpoint_that_is_none_is_refused(url, model, more):
    with pytest.raises(UsageError):
        endpoint_target(url, model, **more)


KILLED = """
import asyncio, sys
from pathlib import Path
from loopwright.app.workspace import open_workspace
from loopwright.app.evaluations.journey import EvaluationJourney, Manner
from loopwright.app.evaluations.target import endpoint_target
from loopwright.evals.check import evaluation
from loopwright.evals.scorers.text import exact
check = evaluation("cases/*.jsonl", exact(), at_least=0.9, name="numbers")
journey = EvaluationJourney(open_workspace(Path(sys.argv[1])), check, endpoint_target(sys.argv[2], "tiny"),
                            manner=Manner(concurrency=2))
asyncio.run(journey.apply())
"""


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_stopped(project, workspace):
    cases = [{"id": f"c{n}", "question": f"SAY: number {n}", "expected": f"number {n}"} for n in range(100)]
    (project / "cases/a.jsonl").write_text("\n".join(map(json.dumps, cases)))
    with LocalUpstream(fault="late=0.05") as upstream:
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(project), upstream.url])
        while upstream.counts["calls"] < 50:
            assert child.poll() is None
            time.sleep(0.01)
        child.kill()
        child.wait()
        before = upstream.counts["calls"]
        upstream.fail("")
        done = run(workspace, upstream)
        assert done.kept.verdict.outcome is Outcome.PASS
        assert upstream.counts["calls"] - before + done.result.kept == 100
        assert done.result.kept >= 30
