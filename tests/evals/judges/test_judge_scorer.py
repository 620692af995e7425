"""A judge has three outcomes, and one that is dead or cannot be understood has no verdict."""

import asyncio
import json

import pytest
from tests.evals.judges.local_judge import SocketJudge, answer, route, saying
from tests.evals.subjects import case

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.judges.pairwise import pairwise
from loopwright.evals.judges.rubric import rubric
from loopwright.testing.upstream_server import LocalUpstream


def ruling(verdict):
    return json.dumps({"reasoning": "because", "verdict": verdict})


def judged(say="", *, fault="", repeats=1, expected=None, text="x"):
    rule = say if callable(say) else lambda question: say
    with LocalUpstream(say=rule, fault=fault) as upstream:
        judge = SocketJudge()
        scorer = rubric("It is polite.", judge=route(upstream.url), repeats=repeats).asking(judge)
        return asyncio.run(scorer.score(case("q", expected), answer(text))), judge


@pytest.mark.parametrize(
    ("verdict", "outcome", "value"), [("pass", "pass", 1.0), ("fail", "fail", 0.0), ("unsure", "no_verdict", None)]
)
def test_three_outcomes(verdict, outcome, value):
    score, judge = judged(ruling(verdict))
    assert (score.verdict, score.value) == (outcome, value)
    assert score.cost_usd == pytest.approx(0.001)
    assert len(judge.asked) == 1


@pytest.mark.parametrize("fault", ["500", "429", "hang", "malformed_json", "wrong_length", "reset"])
def test_a_dead_judge_has_no_verdict(fault):
    score, _ = judged(ruling("pass"), fault=fault)
    assert (score.verdict, score.value) == ("no_verdict", None)
    assert "did not answer" in score.reason or "cannot be understood" in score.reason


@pytest.mark.parametrize(
    "said",
    [
        "It is fine: pass",
        "",
        '{"verdict": "pass"',
        '{"reasoning": "x", "verdict": "passed"}',
        '{"verdict": "pass"}',
        '{"reasoning": "x", "verdict": "pass", "also": 1}',
        '[{"reasoning": "x", "verdict": "pass"}]',
        ruling("pass") + ruling("pass"),
    ],
)
def test_what_is_not_the_form_is_asked_once_more_and_then_no_verdict(said):
    score, judge = judged(said)
    assert score.verdict == "no_verdict"
    assert "cannot be understood" in score.reason
    assert len(judge.asked) == 2
    assert score.cost_usd == pytest.approx(0.002)


def test_a_judge_that_mends_its_answer_is_heard():
    def say(question):
        return ruling("pass") if "asked once already" in question.last else "I think it passes."

    score, judge = judged(say)
    assert score.verdict == "pass"
    assert len(judge.asked) == 2


def test_one_code_fence_around_the_whole_answer_is_allowed():
    assert judged("```json\n" + ruling("fail") + "\n```")[0].verdict == "fail"


class Turns:
    """Says one after the other."""

    def __init__(self, *said):
        self.said = list(said)

    def __call__(self, question):
        return self.said.pop(0)


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        (("pass", "fail", "pass"), "pass"),
        (("fail", "fail", "pass"), "fail"),
        (("pass", "fail"), "no_verdict"),
        (("pass", "unsure", "unsure"), "no_verdict"),
        (("pass", "pass", "unsure"), "pass"),
        (("pass", "fail", "unsure"), "no_verdict"),
    ],
)
def test_the_majority_of_all_askings_decides(votes, verdict):
    score, _ = judged(Turns(*(ruling(vote) for vote in votes)), repeats=len(votes))
    assert score.verdict == verdict
    assert sum(score.details["votes"].values()) == len(votes)


def test_the_spread_of_repeats_is_told():
    score, _ = judged(Turns(ruling("pass"), ruling("fail"), ruling("pass")), repeats=3)
    assert score.details["spread"] == 1.0
    assert score.value == pytest.approx(2 / 3)
    assert score.reason == "because"


def test_an_answer_that_is_an_error_is_not_judged():
    judge = SocketJudge()
    scorer = rubric("It is polite.", judge=route("http://127.0.0.1:9/v1")).asking(judge)
    score = asyncio.run(scorer.score(case("q"), Answer(error="LW516", why="gone")))
    assert score.verdict == "no_verdict"
    assert judge.asked == []


def test_without_what_asks_there_is_no_verdict():
    scorer = rubric("It is polite.", judge=route("http://127.0.0.1:9/v1"))
    assert asyncio.run(scorer.score(case("q"), answer("x"))).verdict == "no_verdict"


def test_the_digest_is_of_model_prompt_criterion_and_bounds_but_not_of_what_asks():
    one = rubric("It is polite.", judge=route("http://a/v1"))
    prompt = rubric("x", judge=route("http://a/v1")).prompt
    others = [
        rubric("It is rude.", judge=route("http://a/v1")),
        rubric("It is polite.", judge=route("http://a/v1", model="judge-2")),
        rubric("It is polite.", judge=route("http://a/v1"), repeats=3),
        rubric(
            "It is polite.",
            judge=route("http://a/v1"),
            prompt=type(prompt)(
                name="own",
                system="{{ criteria }} {{ fence }}",
                user="{{ material }}",
                variables=("criteria", "fence", "material"),
            ),
        ),
    ]
    assert one.digest == one.asking(SocketJudge()).digest
    assert len({one.digest, *(other.digest for other in others)}) == 5


def test_an_empty_criterion_is_refused():
    with pytest.raises(UsageError):
        rubric(" ", judge=route("http://a/v1"))


def preferring(rule):
    """Says which of two answers is better by a rule over both."""

    def say(material):
        first, second = material.texts["First answer"], material.texts["Second answer"]
        return json.dumps({"reasoning": "so", "better": rule(first, second)})

    return saying(say)


def compared(rule, text, expected):
    with LocalUpstream(say=preferring(rule)) as upstream:
        scorer = pairwise(judge=route(upstream.url)).asking(SocketJudge())
        return asyncio.run(scorer.score(case("q", expected), answer(text)))


def longer(first, second):
    return "tie" if len(first) == len(second) else "first" if len(first) > len(second) else "second"


@pytest.mark.parametrize(
    ("text", "verdict", "value"), [("longer one", "pass", 1.0), ("x", "fail", 0.0), ("equal", "pass", 0.5)]
)
def test_a_preference_that_holds_in_both_orders_counts(text, verdict, value):
    score = compared(longer, text, "other")
    assert (score.verdict, score.value) == (verdict, value)


@pytest.mark.parametrize("side", ["first", "second"])
def test_a_preference_that_turns_with_the_order_is_no_verdict(side):
    score = compared(lambda first, second: side, "a", "b")
    assert score.verdict == "no_verdict"
    assert "order decided" in score.reason


def test_without_an_expected_answer_there_is_no_pair():
    assert compared(longer, "a", None).verdict == "no_verdict"
