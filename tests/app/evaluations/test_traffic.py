"""Live traffic is judged by sample, looked at by people, and made into cases."""

import asyncio
import json

import msgspec
import pytest
from tests.evals.judges.local_judge import route, saying

from loopwright.app.evaluations.live import live_turn
from loopwright.app.evaluations.logged import logged_calls
from loopwright.app.evaluations.review import keep_review, review_queue
from loopwright.app.evaluations.traffic import case_lines, traffic_cases
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND
from loopwright.errors import NotFoundError, UsageError
from loopwright.evals.case_files import read_cases
from loopwright.evals.judges.rubric import rubric
from loopwright.evals.live_traffic import live
from loopwright.evals.scorers.code import code
from loopwright.evals.scorers.refusal import refusal
from loopwright.evals.scorers.text import contains
from loopwright.observations.generation_rows import GenerationRow
from loopwright.observations.labels import latest_worths
from loopwright.testing.upstream_server import LocalUpstream

VERSION = "0" * 64


def log(workspace: Workspace, count: int, *, first: int = 0, content: bool = True, ago_s: float = 60.0) -> None:
    at = workspace.clock.now() - int(ago_s * SECOND)
    rows = [
        GenerationRow(
            request_id=f"req_{n}", at=at + n, event_time=at + n, endpoint="bot", release=None, arm=None,
            version=VERSION, latency_us=1000, status=200, error=None, fallback_from=None, shadow_of=None,
            inputs={"messages": [{"role": "user", "content": f"Question {n}?"}]} if content else {},
            output={"text": "I can't help with that." if n % 2 else f"Answer {n}, write to anna.muster@example.org"}
            if content else {},
        )
        for n in range(first, first + count)
    ]  # fmt: skip
    workspace.stores.tables.append("requests", rows)


def test_a_review_of_a_request_that_was_never_answered_is_refused(workspace):
    log(workspace, 1)
    for endpoint, request in [("bot", "req_9"), ("tob", "req_0")]:
        with pytest.raises(NotFoundError, match="has answered no request"):
            keep_review(workspace, endpoint, request, thumbs=False, correction=None)
    keep_review(workspace, "bot", "req_0", thumbs=False, correction=None)


def turn(workspace, *scorers, **options):
    return asyncio.run(live_turn(workspace, "bot", live(*scorers, **{"share": 1.0, **options})))


def worths(workspace, metric):
    frame = latest_worths(workspace.stores.tables, "bot", metric=metric)
    return dict(zip(frame["request_id"].to_list(), frame["value"].to_list(), strict=True))


def test_verdicts_become_metrics_of_their_requests(workspace):
    log(workspace, 4)
    done = turn(workspace, refusal(), contains())
    assert (done.calls, done.judged) == (4, 4)
    assert done.verdicts == {"refusal/pass": 2, "refusal/fail": 2, "contains/no_verdict": 4}
    assert worths(workspace, "eval.refusal") == {"req_0": 1.0, "req_1": 0.0, "req_2": 1.0, "req_3": 0.0}
    assert worths(workspace, "eval.contains") == {}


def test_what_was_judged_is_not_judged_again(workspace):
    log(workspace, 3)
    turn(workspace, refusal())
    assert turn(workspace, refusal()).calls == 0
    log(workspace, 2, first=3, ago_s=5.5)
    assert turn(workspace, refusal()).calls <= 2


def test_what_came_just_now_waits_for_the_next_turn(workspace):
    log(workspace, 3, ago_s=1.0)
    assert turn(workspace, refusal()).calls == 0


def test_a_sample_is_drawn_by_the_requests_id(workspace):
    log(workspace, 400)
    done = turn(workspace, refusal(), share=0.25, most_a_turn=1000)
    assert 70 <= done.judged <= 130
    again = live(refusal(), share=0.25)
    assert {request for request in worths(workspace, "eval.refusal") if not again.takes(request)} == set()


def test_a_turn_has_room_for_so_many_and_says_what_it_left_out(workspace):
    log(workspace, 30)
    done = turn(workspace, refusal(), most_a_turn=10)
    assert (done.judged, done.left_out) == (10, 20)
    assert "req_29" in worths(workspace, "eval.refusal")
    assert turn(workspace, refusal()).calls == 0


def raises(case, answer):
    raise ValueError("broken")


def test_a_scorer_that_crashes_has_no_verdict_and_stops_nothing(workspace):
    log(workspace, 2)
    assert turn(workspace, code(raises), refusal()).verdicts["raises/no_verdict"] == 2


def test_judges_are_asked_within_the_turns_money(workspace):
    log(workspace, 5)
    with LocalUpstream(say=saying(lambda material: '{"reasoning": "", "verdict": "pass"}')) as upstream:
        done = turn(workspace, rubric("good", judge=route(upstream.url)))
        assert done.verdicts == {"rubric/pass": 5}
        log(workspace, 5, first=5, ago_s=5.2)
        workspace.stores.kv.delete_many(["eval/live/bot"])
        limited = turn(workspace, rubric("good", judge=route(upstream.url)), most_usd_a_turn=1.0)
        assert limited.verdicts["rubric/no_verdict"] >= 4


def test_a_log_without_content_is_said_so(workspace):
    log(workspace, 3, content=False)
    with pytest.raises(NotFoundError, match="no questions and answers") as raised:
        turn(workspace, refusal())
    assert "llm_log_content" in raised.value.fix


def test_no_traffic_is_nothing_to_judge(workspace):
    assert turn(workspace, refusal()).calls == 0


@pytest.mark.parametrize(("scorers", "more"), [((), {}), ((refusal(), refusal()), {}), ((refusal(),), {"share": 0.0})])
def test_what_judges_nothing_is_refused(scorers, more):
    with pytest.raises(UsageError):
        live(*scorers, **more)


def test_the_queue_takes_turns_and_says_why(workspace):
    log(workspace, 20)
    turn(workspace, refusal())
    keep_review(workspace, "bot", "req_4", thumbs=False, correction=None)
    keep_review(workspace, "bot", "req_6", thumbs=True, correction=None)
    queue = review_queue(workspace, "bot", logged_calls(workspace, "bot"), size=9)
    assert (queue[0].request_id, queue[0].reason) == ("req_4", "thumbs_down")
    assert (queue[1].reason, queue[1].failed) == ("failed", ("refusal",))
    assert "random" in {one.reason for one in queue}
    assert len({one.request_id for one in queue}) == len(queue) == 9
    assert "req_6" not in {one.request_id for one in queue if one.reason == "random"}


def test_a_corrected_answer_leaves_the_queue_and_becomes_a_case(workspace, project):
    log(workspace, 4)
    keep_review(workspace, "bot", "req_1", thumbs=None, correction="Ask anna.muster@example.org within 30 days.")
    keep_review(workspace, "bot", "req_2", thumbs=False, correction=None)
    calls = logged_calls(workspace, "bot")
    assert "req_1" not in {one.request_id for one in review_queue(workspace, "bot", calls, size=9)}
    cases = {case.id: case for case in traffic_cases(calls, size=10, reviewed=True)}
    assert set(cases) == {"req_1", "req_2"}
    assert cases["req_1"].source == "review:req_1"
    assert cases["req_1"].expected.endswith("within 30 days.")
    assert cases["req_2"].metadata["label"] == "fail"
    path = project / "cases/traffic.jsonl"
    path.write_text("".join(case_lines(tuple(cases.values()))))
    assert "anna.muster" not in path.read_text()
    assert read_cases(["cases/traffic.jsonl"], project).cases == tuple(cases.values())


def test_cases_are_drawn_masked_and_each_question_once(workspace):
    log(workspace, 10)
    log(workspace, 10)
    found = traffic_cases(logged_calls(workspace, "bot"), size=6)
    assert len({case.question for case in found}) == len(found) == 6
    assert not any("anna.muster" in json.dumps(case.metadata) for case in found)
    assert {case.expected for case in found} == {None}
    assert traffic_cases(logged_calls(workspace, "bot"), size=6) == found


def test_a_review_says_something(workspace):
    with pytest.raises(UsageError):
        keep_review(workspace, "bot", "req_1", thumbs=None, correction=None)


def test_variables_are_masked_however_deep(workspace):
    log(workspace, 1)
    (call,) = logged_calls(workspace, "bot")
    variables = {"who": ["anna.muster@example.org", {"mail": "anna.muster@example.org"}], "n": 3}
    asked = msgspec.structs.replace(call.case, variables=variables)
    (case,) = traffic_cases([msgspec.structs.replace(call, case=asked)], size=1)
    assert "anna.muster" not in json.dumps(case.variables)
    assert case.variables["n"] == 3
