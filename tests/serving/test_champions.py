"""What happens where the champion itself fails, hangs or is slow."""

import asyncio
import gc
import weakref

import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import ArmFailedError, DeadlineError, OverloadedError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.arms import ArmSet, stand_in
from loopwright.serving.call import Call
from loopwright.serving.endpoint import Endpoint, Limits

GOOD = {"carrier": "AA", "distance": 7}
USUAL = "from loopwright.serving.predictor import predict as usual\n"
BROKEN = (
    USUAL
    + """
def predict(model, columns):
    if (columns["distance"] != 100).any():
        raise RuntimeError("no table")
    return usual(model, columns)
"""
)
SLOW = """
import time
from loopwright.serving.predictor import predict as usual

def predict(model, columns):
    if (columns["distance"] == 13).any():
        time.sleep(0.6)
    elif (columns["distance"] == 14).any():
        time.sleep(0.1)
    return usual(model, columns)
"""
NONSENSE = BROKEN.replace('raise RuntimeError("no table")', 'return {"score": columns["distance"][:0]}')
DEFAULT = {"prediction": False, "score": 0.25}


@pytest.fixture
def endpoint(log):
    def make(**limits):
        return Endpoint(
            "flights", clock=SystemClock(), sink=log, observer=log, on_trip=log.on_trip, limits=Limits(**limits)
        )

    return make


@pytest.fixture
def arms(champion):
    """Arms of a champion with code of its own, with or without others that stand in."""

    def make(code, *, previous=None, default=None):
        first = champion(code=code)
        spec = Arms(
            endpoint="flights", revision=1, previous="p" * 64 if previous is not None else None, default=default,
            arms=(Arm(name="champion", role="champion", version=first.spec.version, share=1.0),),
        )  # fmt: skip
        before = None
        if previous is not None:
            loaded = champion(code=previous or None)
            before = stand_in(spec, loaded.model, loaded.intake)
        return ArmSet(spec=spec, champion=first, previous=before)

    return make


def call(id, *, seconds=30.0, pinned=None, **changes):
    now = SystemClock().monotonic()
    return Call(id=id, records=[GOOD | changes], started=now, deadline=now + seconds, pinned=pinned)


def ask(endpoint, arms, *calls, drain=True):
    async def run():
        endpoint.switch(arms)
        made = await asyncio.gather(*(endpoint.answer(one) for one in calls), return_exceptions=True)
        if drain:
            await endpoint.drain()
        return made

    return asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.parametrize("code", [BROKEN, NONSENSE])
def test_the_version_before_answers_for_a_champion_that_fails(endpoint, arms, log, code):
    found = ask(endpoint(), arms(code, previous=""), call("a"), call("b"))
    assert [(one.arm, one.fallback_from) for one in found] == [("previous", "champion")] * 2
    assert {row["arm"] for row in log.rows} == {"previous"}
    assert {row["fallback_from"] for row in log.rows} == {"champion"}
    assert {arm for arm, _ in log.failed_causes} == {"champion"}
    assert len(log.failed_causes) == 2


def test_the_default_is_answered_where_no_version_can(endpoint, arms, log):
    set_of_arms = arms(BROKEN, previous=BROKEN, default=DEFAULT)
    (found,) = ask(endpoint(), set_of_arms, call("a"))
    assert (found.arm, found.fallback_from, found.outputs) == ("default", "champion", [DEFAULT])
    assert found.version == set_of_arms.champion.spec.version
    assert [row["output"].said() for row in log.rows] == [DEFAULT]
    assert [arm for arm, _ in log.failed_causes] == ["champion", "previous"]


def test_the_default_needs_no_version_before(endpoint, arms):
    (found,) = ask(endpoint(), arms(BROKEN, default=DEFAULT), call("a"))
    assert (found.arm, found.outputs) == ("default", [DEFAULT])


def test_without_anybody_else_the_failure_is_the_answer_and_is_counted_once(endpoint, arms, log):
    (error,) = ask(endpoint(), arms(BROKEN), call("a"))
    assert isinstance(error, ArmFailedError)
    assert log.failed_causes == [("champion", "error")]


def test_who_asks_for_the_champion_by_name_gets_nobody_else(endpoint, arms):
    set_of_arms = arms(BROKEN, previous="", default=DEFAULT)
    pinned, free = ask(endpoint(), set_of_arms, call("a", pinned=set_of_arms.champion.spec.version), call("b"))
    assert isinstance(pinned, ArmFailedError)
    assert free.arm == "previous"


def test_one_poisonous_request_falls_back_alone(endpoint, arms):
    code = SLOW.replace("time.sleep(0.6)", "raise RuntimeError('thirteen')")
    found = ask(endpoint(), arms(code, previous=""), call("a"), call("b", distance=13), call("c"))
    assert [one.arm for one in found] == ["champion", "previous", "champion"]


def test_a_champion_that_hangs_is_stood_in_for_at_the_deadline(endpoint, arms, log):
    found = ask(endpoint(), arms(SLOW, previous=""), call("a", distance=13, seconds=0.15))
    assert [(one.arm, one.fallback_from) for one in found] == [("previous", "champion")]
    assert log.failed_causes == [("champion", "timeout")]
    assert [row["request_id"] for row in log.rows] == ["a"]


def test_a_stand_in_that_is_asked_at_the_deadline_is_given_time(endpoint, arms):
    slow = SLOW.replace("== 13", "!= 100").replace("time.sleep(0.6)", "time.sleep(0.2)")
    found = ask(endpoint(), arms(SLOW, previous=slow), call("a", distance=13, seconds=0.1))
    assert [(one.arm, one.fallback_from) for one in found] == [("previous", "champion")]


def test_a_champion_that_hangs_is_a_timeout_where_nobody_stands_in(endpoint, arms, log):
    (error,) = ask(endpoint(), arms(SLOW), call("a", distance=13, seconds=0.15))
    assert isinstance(error, DeadlineError)
    assert log.failed_causes == [("champion", "timeout")]
    assert [(row["request_id"], row["status"]) for row in log.rows] == [("a", 504)]


def test_while_it_hangs_others_do_not_wait_for_it(endpoint, arms):
    async def run():
        made = endpoint()
        made.switch(arms(SLOW, previous=""))
        first = asyncio.ensure_future(made.answer(call("a", distance=13, seconds=0.1)))
        await first
        assert made.stuck_s() > 0.05
        began = SystemClock().monotonic()
        second = await made.answer(call("b"))
        assert SystemClock().monotonic() - began < 0.2
        await made.drain()
        assert made.stuck_s() == 0.0
        third = await made.answer(call("c"))
        return first.result().arm, second.arm, third.arm

    assert asyncio.run(asyncio.wait_for(run(), 20)) == ("previous", "previous", "champion")


def test_what_arrives_while_the_thread_works_is_the_next_batch(endpoint, arms, log):
    async def run():
        made = endpoint()
        made.switch(arms(SLOW))
        first = asyncio.ensure_future(made.answer(call("a", distance=14)))
        await asyncio.sleep(0.03)
        others = []
        for number in range(5):
            others.append(asyncio.ensure_future(made.answer(call(f"b{number}"))))
            await asyncio.sleep(0.005)
        await asyncio.gather(first, *others)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert log.batches == [1, 5]


def test_a_request_that_waits_past_its_deadline_behind_others_is_a_timeout(endpoint, arms):
    async def run():
        made = endpoint()
        made.switch(arms(SLOW, previous=""))
        first = asyncio.ensure_future(made.answer(call("a", distance=13)))
        await asyncio.sleep(0.02)
        with pytest.raises(DeadlineError):
            await made.answer(call("b", seconds=0.1))
        return (await first).arm

    assert asyncio.run(asyncio.wait_for(run(), 20)) == "champion"


def test_the_queue_has_an_end(endpoint, arms, log):
    async def run():
        made = endpoint(queued=3)
        made.switch(arms(SLOW))
        first = asyncio.ensure_future(made.answer(call("a", distance=13)))
        await asyncio.sleep(0.02)
        waiting = []
        for number in range(5):
            waiting.append(asyncio.ensure_future(made.answer(call(str(number)))))
            await asyncio.sleep(0.002)
        found = await asyncio.gather(*waiting, return_exceptions=True)
        await first
        return found

    found = asyncio.run(asyncio.wait_for(run(), 20))
    assert [isinstance(one, OverloadedError) for one in found] == [False] * 3 + [True] * 2
    assert [cause for _, cause in log.failed_causes] == [OverloadedError.code] * 2


def test_a_switch_while_the_thread_works_changes_only_what_comes_after(endpoint, arms):
    async def run():
        made = endpoint()
        before, after = arms(SLOW), arms(None)
        made.switch(before)
        first = asyncio.ensure_future(made.answer(call("a", distance=14)))
        await asyncio.sleep(0.02)
        waiting = asyncio.ensure_future(made.answer(call("b")))
        await asyncio.sleep(0.02)
        made.switch(after)
        second = await made.answer(call("c"))
        versions = [one.version for one in (await first, await waiting, second)]
        return versions, before, after, made

    versions, before, after, _endpoint = asyncio.run(asyncio.wait_for(run(), 20))
    model = weakref.ref(before.champion.model)
    expected = [before.champion.spec.version] * 2 + [after.champion.spec.version]
    del before
    gc.collect()
    assert model() is None, "a model that nobody names any more is still held"
    assert versions == expected


def test_a_full_log_refuses_without_asking_the_model_again(endpoint, arms, log):
    log.full = True
    found = ask(endpoint(), arms(None, previous=""), call("a"), call("b"))
    assert [type(one).__name__ for one in found] == ["NoSpaceError"] * 2
    assert log.batches == [2]
