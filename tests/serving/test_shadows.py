"""A shadow gets copies of what was answered; nobody waits for it, and it harms nobody."""

import asyncio

import numpy as np
import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import ArmFailedError
from loopwright.release.routing import Arm, Arms
from loopwright.serving.arms import ArmSet, CanaryArm, label_of
from loopwright.serving.call import Call
from loopwright.serving.endpoint import Endpoint, Limits
from loopwright.serving.health import ArmHealth
from loopwright.serving.shadows import MOST_WAITING

GOOD = {"carrier": "AA", "distance": 100}


class Child:
    def __init__(self, answer=0.9, wait=None):
        self.answer, self.wait, self.asked, self.state = answer, wait, 0, "ready"

    async def scores_of(self, matrix, timeout_s):
        if self.wait is not None:
            await self.wait.wait()
        self.asked += len(matrix)
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"score": np.full(len(matrix), self.answer)}


@pytest.fixture
def endpoint(log):
    return Endpoint(
        "flights", clock=SystemClock(), sink=log, observer=log, on_trip=log.on_trip, limits=Limits(queued=5000)
    )


def armset(champion, child, share=1.0):
    version = champion.spec.version
    shadow = Arm(name="dark", role="shadow", version="d" * 64, share=share)
    first = Arm(name="champion", role="champion", version=version, share=1.0)
    spec = Arms(endpoint="flights", revision=1, release="rel_1", arms=(first, shadow))
    arm = CanaryArm(label=label_of(spec, shadow), spec=shadow, intake=champion.intake, client=child, health=ArmHealth())
    return ArmSet(spec=spec, champion=champion, shadows=(arm,))


def call(id, *records):
    return Call(id=id, records=list(records or (GOOD,)), started=SystemClock().monotonic(), deadline=float("inf"))


def ask(endpoint, arms, *calls):
    async def run():
        endpoint.switch(arms)
        made = await asyncio.gather(*(endpoint.answer(one) for one in calls))
        await asyncio.sleep(0)
        await endpoint.drain()
        return made

    return asyncio.run(asyncio.wait_for(run(), 10))


def test_a_shadow_logs_what_it_would_have_said_beside_the_answer(endpoint, champion, log):
    answered, several = ask(endpoint, armset(champion(), Child()), call("a"), call("b", GOOD, GOOD))
    assert (answered.arm, several.arm) == ("champion", "champion")
    rows = {row["request_id"]: row for row in log.rows}
    assert list(rows) == ["a", "b.0", "b.1", "a~dark", "b.0~dark", "b.1~dark"]
    copy = rows["b.1~dark"]
    assert (copy["shadow_of"], copy["arm"], copy["version"], copy["status"]) == ("b.1", "dark", "d" * 64, 200)
    assert (copy["score"], copy["inputs"], copy["release"]) == (0.9, rows["b.1"]["inputs"], "rel_1")
    assert rows["a"]["shadow_of"] is None
    assert sorted(log.answers) == ["champion", "champion", "dark", "dark"]


def test_nobody_waits_for_a_shadow(endpoint, champion, log):
    async def run():
        gate = asyncio.Event()
        endpoint.switch(armset(champion(), Child(wait=gate)))
        for number in range(3):
            await endpoint.answer(call(str(number)))
        gate.set()
        await endpoint.drain()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert len(log.rows) == 6


def test_a_shadow_that_is_behind_loses_copies_which_are_counted(endpoint, champion, log):
    async def run():
        gate = asyncio.Event()
        child = Child(wait=gate)
        endpoint.switch(armset(champion(), child))
        await endpoint.answer(call("first"))
        await asyncio.sleep(0.02)
        await asyncio.gather(*(endpoint.answer(call(str(n))) for n in range(MOST_WAITING + 50)))
        await asyncio.sleep(0.02)
        gate.set()
        await endpoint.drain()
        return child.asked

    assert asyncio.run(asyncio.wait_for(run(), 20)) == MOST_WAITING + 1
    assert log.dropped_copies == 50


def test_a_share_of_requests_is_copied_and_the_same_ones_again(endpoint, champion, log):
    arms = armset(champion(), Child(), share=0.3)
    ask(endpoint, arms, *(call(str(n)) for n in range(400)))
    first = {row["shadow_of"] for row in log.rows} - {None}
    log.rows.clear()
    ask(endpoint, arms, *(call(str(n)) for n in range(400)))
    assert first == {row["shadow_of"] for row in log.rows} - {None}
    assert 80 < len(first) < 160


def test_a_shadow_that_fails_is_stopped_and_harms_nobody(endpoint, champion, log):
    child = Child(ArmFailedError("gone", cause="crash"))
    arms = armset(champion(), child)
    first = ask(endpoint, arms, call("a"), call("b"))
    second = ask(endpoint, arms, call("c"))
    assert {one.arm for one in (*first, *second)} == {"champion"}
    assert [trip.cause for trip in log.trips] == ["crash"]
    assert [(row["status"], row["shadow_of"]) for row in log.rows if row["arm"] == "dark"] == [(502, "a"), (502, "b")]
    assert log.dropped_copies == 1
    assert child.asked == 2


def test_a_request_cannot_name_a_shadow(endpoint, champion):
    arms = armset(champion(), Child())
    assert arms.by_version("d" * 64) is None
