"""An endpoint with a champion and a canary whose child is played by the test."""

import asyncio
import dataclasses

import msgspec
import numpy as np
import pytest

from loopwright.errors import (
    ArmFailedError,
    DeadlineError,
    NoSpaceError,
    NotExplainableError,
    NotFoundError,
    NotReadyError,
    RequestRefusedError,
)
from loopwright.release.breaker import BreakerRule
from loopwright.release.routing import Arm, Arms, Cohort
from loopwright.serving.arms import ArmSet, CanaryArm, label_of
from loopwright.serving.call import Call
from loopwright.serving.endpoint import Endpoint, Limits
from loopwright.serving.health import ArmHealth
from loopwright.testing.clocks import ManualClock

GOOD = {"carrier": "AA", "distance": 100}
POISON = """
from loopwright.serving.predictor import predict as usual

def predict(model, columns):
    if (columns["distance"] == 13).any():
        raise RuntimeError("no such distance")
    return usual(model, columns)
"""


class Child:
    """Stands in for a probation child: answers, or raises what it is told."""

    def __init__(self, answer):
        self.answer = answer
        self.state = "ready"
        self.asked = []

    async def scores_of(self, matrix, timeout_s):
        rows = len(matrix)
        self.asked.append(rows)
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(rows)


def armset(champion, child=None, share=1.0):
    version = "c" * 64
    canary = Arm(name="candidate", role="canary", version=version, share=share)
    first = Arm(name="champion", role="champion", version=champion.spec.version, share=1.0 - share)
    if child is None:
        return ArmSet(spec=Arms.only_champion("flights", champion.spec.version), champion=champion)
    spec = Arms(endpoint="flights", revision=1, release="rel_1", arms=(first, canary))
    arm = CanaryArm(label=label_of(spec, canary), spec=canary, intake=champion.intake, client=child, health=ArmHealth())
    return ArmSet(spec=spec, champion=champion, canaries=(arm,), cause=7)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def endpoint(log, clock):
    return Endpoint("flights", clock=clock, sink=log, observer=log, on_trip=log.on_trip, limits=Limits())


def call(id="r1", *records, **named):
    return Call(id=id, records=list(records or (GOOD,)), started=0.0, deadline=float("inf"), **named)


def ask(endpoint, arms, *calls):
    """The outcomes of calls that arrive at the same moment."""

    async def run():
        if arms is not None:
            endpoint.switch(arms)
        answers = await asyncio.gather(*(endpoint.answer(one) for one in calls), return_exceptions=True)
        await endpoint.drain()
        return answers

    return asyncio.run(asyncio.wait_for(run(), 10))


def test_without_a_version_nothing_is_answered(endpoint):
    (error,) = ask(endpoint, None, call())
    assert isinstance(error, NotReadyError)


def test_calls_of_one_moment_are_one_batch_and_each_gets_its_own_rows(endpoint, champion, log):
    calls = [
        call("a", {"carrier": "AA", "distance": 1}),
        call("b", {"carrier": "UA", "distance": 2900}, GOOD),
        call("c"),
    ]
    a, b, c = ask(endpoint, armset(champion()), *calls)
    assert log.batches == [4]
    assert b.outputs[1] == c.outputs[0]
    assert a.outputs[0]["score"] < b.outputs[0]["score"]
    assert [row["request_id"] for row in log.rows] == ["a", "b.0", "b.1", "c"]
    assert [row["inputs"]["distance"] for row in log.rows] == [1, 2900, 100, 100]


def test_one_refused_call_does_not_touch_its_neighbours(endpoint, champion, log):
    good, bad = ask(endpoint, armset(champion()), call("a"), call("b", GOOD, GOOD | {"distance": -1}))
    assert good.outputs
    assert isinstance(bad, RequestRefusedError)
    assert bad.context["record"] == 1
    assert {row["request_id"]: (row["status"], row["inputs"]) for row in log.rows}["b"] == (422, {})


def test_one_poisonous_call_does_not_fail_its_batch(endpoint, champion, log):
    arms = armset(champion(code=POISON))
    first, poison, last = ask(endpoint, arms, call("a"), call("b", GOOD | {"distance": 13}), call("c"))
    assert first.outputs == last.outputs
    assert isinstance(poison, ArmFailedError)
    assert "no such distance" in poison.why
    assert {row["request_id"]: row["status"] for row in log.rows} == {"a": 200, "b": 502, "c": 200}


def test_a_late_call_is_not_answered(endpoint, champion, clock):
    late = Call(id="r", records=[GOOD], started=0.0, deadline=clock.monotonic() - 1)
    (error,) = ask(endpoint, armset(champion()), late)
    assert isinstance(error, DeadlineError)


def test_what_cannot_be_logged_is_not_answered(endpoint, champion, log):
    log.full = True
    (error,) = ask(endpoint, armset(champion()), call())
    assert isinstance(error, NoSpaceError)


def test_the_canarys_answer_is_the_callers(endpoint, champion, log):
    child = Child(lambda n: {"score": np.full(n, 0.9)})
    (answered,) = ask(endpoint, armset(champion(), child), call())
    assert (answered.arm, answered.release, answered.fallback_from) == ("candidate", "rel_1", None)
    assert answered.outputs == [{"prediction": True, "score": 0.9}]
    assert log.answers == ["candidate"]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (ArmFailedError("gone", cause="crash"), "crash"),
        (lambda n: {"score": np.zeros(n + 1)}, "shape"),
        (lambda n: {"score": np.full(n, np.nan)}, "shape"),
        (lambda n: {"probabilities": np.zeros((n, 2))}, "shape"),
    ],
)
def test_a_fatal_failure_trips_and_the_champion_answers(endpoint, champion, log, answer, cause):
    child = Child(answer)
    arms = armset(champion(), child)
    first, second = ask(endpoint, arms, call("a"), call("b"))
    assert (first.arm, first.fallback_from) == ("champion", "candidate")
    assert second.fallback_from == "candidate"
    assert [trip.cause for trip in log.trips] == [cause]
    assert log.failed_causes == [("candidate", cause)] * 2
    (after,) = ask(endpoint, arms, call("c"))
    assert (after.arm, after.fallback_from) == ("champion", None)
    assert child.asked == [2]


def test_a_child_that_answers_late_again_and_again_is_stopped(endpoint, champion, log):
    arms = armset(champion(), Child(ArmFailedError("late", cause="timeout")))
    for number in range(BreakerRule().timeouts):
        (answered,) = ask(endpoint, arms, call(str(number)))
        assert answered.arm == "champion"
    assert len(log.trips) == 1


def test_a_few_errors_are_forgiven_and_a_burst_is_not(endpoint, champion, log):
    child = Child(ArmFailedError("raised", cause="error"))
    arms = armset(champion(), child)
    for number in range(2):
        ask(endpoint, arms, call(str(number)))
    assert log.trips == []
    ask(endpoint, arms, call("2"))
    assert len(log.trips) == 1
    assert len(child.asked) == 3


def test_a_canary_that_is_not_up_yet_is_passed_over(endpoint, champion, log):
    child = Child(lambda n: {"score": np.full(n, 0.9)})
    child.state = "starting"
    (answered,) = ask(endpoint, armset(champion(), child), call())
    assert (answered.arm, answered.fallback_from, log.trips) == ("champion", None, [])


def test_a_canary_that_was_let_go_while_it_was_asked_is_not_tripped(endpoint, champion, log):
    child = Child(None)

    def let_go(rows):
        child.state = "closed"
        raise ArmFailedError("gone", cause="crash")

    child.answer = let_go
    (answered,) = ask(endpoint, armset(champion(), child), call())
    assert (answered.arm, answered.fallback_from, log.trips) == ("champion", "candidate", [])


def test_a_pinned_version_answers_or_nobody_does(endpoint, champion):
    child = Child(ArmFailedError("gone", cause="crash"))
    arms = armset(champion(), child, share=0.0)
    canary, first, nobody = ask(
        endpoint,
        arms,
        call("a", pinned="c" * 12),
        call("b", pinned=arms.champion.spec.version),
        call("c", pinned="d" * 12),
    )
    assert isinstance(canary, ArmFailedError)
    assert first.arm == "champion"
    assert isinstance(nobody, NotFoundError)


def test_a_share_is_sticky_by_request(endpoint, champion):
    child = Child(lambda n: {"score": np.full(n, 0.9)})
    arms = armset(champion(), child, share=0.3)
    calls = [call(f"r{number}") for number in range(400)]
    first = [answer.arm for answer in ask(endpoint, arms, *calls)]
    again = [answer.arm for answer in ask(endpoint, arms, *calls)]
    assert first == again
    assert 80 < first.count("candidate") < 160


def explains(child):
    """The child explains too, or raises what it is told."""

    async def explanation_of(matrix, timeout_s):
        if isinstance(child.told, Exception):
            raise child.told
        return child.told

    child.explanation_of = explanation_of
    return child


def test_the_champion_says_what_each_feature_contributed(endpoint, champion, log):
    plain, told = ask(endpoint, armset(champion()), call("a"), call("b", explain=True))
    assert plain.explanations is None
    (one,) = told.explanations
    assert one["scale"] == "log_odds"
    total = one["base_value"] + sum(one["contributions"].values())
    assert 1 / (1 + np.exp(-total)) == pytest.approx(told.outputs[0]["score"])
    assert told.outputs == plain.outputs
    assert len(log.rows) == 2


def test_a_champion_that_cannot_be_explained_refuses_and_has_not_failed(endpoint, champion, log):
    arms = armset(champion(code=POISON))
    refused, plain = ask(endpoint, arms, call("a", explain=True), call("b"))
    assert isinstance(refused, NotExplainableError)
    assert plain.arm == "champion"
    assert log.failed_causes == [("", "LW512")]


def test_a_canary_explains_its_own_answer(endpoint, champion):
    child = explains(Child(lambda rows: {"score": np.full(rows, 0.75)}))
    child.told = {
        "scale": np.array([1]), "base_value": np.array([0.5]), "contributions": np.array([[[0.05, 0.2]]])
    }  # fmt: skip
    told, plain = ask(endpoint, armset(champion(), child), call("a", explain=True), call("b"))
    assert told.arm == "candidate"
    assert told.explanations == [
        {"scale": "probability", "base_value": 0.5, "contributions": {"carrier": 0.05, "distance": 0.2}}
    ]
    assert plain.explanations is None
    assert child.asked == [1, 1]


def test_a_canary_that_cannot_be_explained_refuses_and_has_not_failed(endpoint, champion, log):
    child = explains(Child(lambda rows: {"score": np.full(rows, 0.75)}))
    child.told = NotExplainableError("the version on probation cannot be explained")
    arms = armset(champion(), child)
    refused, plain = ask(endpoint, arms, call("a", explain=True), call("b"))
    assert isinstance(refused, NotExplainableError)
    assert plain.arm == "candidate"
    assert log.failed_causes == [("", "LW512")]
    assert arms.canaries[0].answers


def test_a_canary_that_fails_to_explain_is_stood_in_for_with_an_explanation(endpoint, champion):
    child = explains(Child(lambda rows: {"score": np.full(rows, 0.75)}))
    child.told = {"scale": np.array([9]), "base_value": np.array([0.5]), "contributions": np.zeros((1, 1, 2))}
    (told,) = ask(endpoint, armset(champion(), child), call("a", explain=True))
    assert (told.arm, told.fallback_from) == ("champion", "candidate")
    assert told.explanations[0]["scale"] == "log_odds"


class Features:
    """Knows which instants it was asked for."""

    def __init__(self):
        self.reads = []

    def read(self, requests, *, known_at):
        self.reads.append((len(requests), known_at))
        return [{"delay": None} for _ in requests]


def test_features_are_read_as_known_when_each_call_was_received(endpoint, champion, log):
    features = Features()
    calls = [call("a", received_at=5), call("b", received_at=6), call("c", received_at=6)]
    ask(endpoint, armset(champion(features=features)), *calls)
    assert features.reads == [(1, 5), (1, 6), (1, 6)]
    first = log.rows[0]
    assert (first["at"], first["event_time"], first["features"]) == (5, 5, {"delay": None})


def test_calls_without_a_set_clock_share_one_read(endpoint, champion, clock):
    features = Features()
    ask(endpoint, armset(champion(features=features)), call("a"), call("b"))
    assert features.reads == [(2, clock.now())]


def cohort_arms(champion, child, cohort, *, of_all):
    """A canary without a share of its own, or a release that only a cohort takes part in."""
    first = Arm(name="champion", role="champion", version=champion.spec.version, share=0.0 if of_all else 1.0)
    canary = Arm(
        name="candidate", role="canary", version="c" * 64, share=1.0 if of_all else 0.0,
        cohort=None if of_all else cohort,
    )  # fmt: skip
    spec = Arms(
        endpoint="flights", revision=1, release="rel_1", arms=(first, canary), cohort=cohort if of_all else None
    )
    arm = CanaryArm(label=label_of(spec, canary), spec=canary, intake=champion.intake, client=child, health=ArmHealth())
    return ArmSet(spec=spec, champion=champion, canaries=(arm,))


@pytest.mark.parametrize("of_all", [False, True])
@pytest.mark.parametrize(
    "cohort",
    [
        Cohort(source="input", field="carrier", values=("UA",)),
        Cohort(source="header", field="x-group", values=("trial",)),
    ],
)
def test_a_cohort_by_input_or_header_belongs_to_the_canary(endpoint, champion, cohort, of_all):
    arms = cohort_arms(champion(), Child(lambda n: {"score": np.full(n, 0.9)}), cohort, of_all=of_all)
    inside, outside = ask(
        endpoint,
        arms,
        call("a", {"carrier": "UA", "distance": 5}, headers={"x-group": "trial"}),
        call("b", {"carrier": "AA", "distance": 5}, headers={"x-group": "rest"}),
    )
    assert (inside.arm, outside.arm) == ("candidate", "champion")


def test_requests_outside_a_releases_cohort_are_no_part_of_its_figures(endpoint, champion, log):
    cohort = Cohort(source="input", field="carrier", values=("UA",))
    arms = cohort_arms(champion(), Child(lambda n: {"score": np.full(n, 0.9)}), cohort, of_all=True)
    first = msgspec.structs.replace(arms.spec.champion, share=1.0)
    canary = msgspec.structs.replace(arms.canaries[0].spec, share=0.0)
    spec = msgspec.structs.replace(arms.spec, arms=(first, canary))
    answering = dataclasses.replace(arms.champion, label=label_of(spec, first))
    arms = ArmSet(spec=spec, champion=answering, canaries=arms.canaries)
    ask(endpoint, arms, call("out"), call("in", {"carrier": "UA", "distance": 100}))
    assert {row["request_id"]: (row["arm"], row["release"]) for row in log.rows} == {
        "out": ("champion", None),
        "in": ("champion", "rel_1"),
    }


def test_a_lot_may_be_drawn_by_another_column_than_the_key(endpoint, champion):
    made = armset(champion(), Child(lambda n: {"score": np.full(n, 0.9)}), share=0.5)
    arms = ArmSet(
        spec=msgspec.structs.replace(made.spec, unit="distance"), champion=made.champion, canaries=made.canaries
    )
    calls = [call(f"r{n}", {"carrier": "AA", "distance": 1 + n % 20}) for n in range(200)]
    found = [(n % 20, answer.arm) for n, answer in enumerate(ask(endpoint, arms, *calls))]
    assert len(set(found)) == 20
    assert {arm for _, arm in found} == {"champion", "candidate"}
