"""What a worker knows of its upstreams: room among the calls under way, shared by all who ask."""

import asyncio

from loopwright.llm.calling.circuits import Circuits, Health
from loopwright.llm.route import Circuit, Upstream


def test_calls_wait_for_room_in_their_order_and_no_longer_than_they_may():
    async def journey():
        health, order = Health(), []

        async def one(name, within_s, held_s):
            if await health.enter(2, within_s):
                order.append(name)
                await asyncio.sleep(held_s)
                health.leave()
            else:
                order.append(f"{name} gave up")

        await asyncio.gather(
            one("a", 1, 0.1), one("b", 1, 0.2), one("c", 1, 0.0), one("d", 0.05, 0.0), one("e", 1, 0.0)
        )
        return order, health.under_way

    order, under_way = asyncio.run(journey())
    assert order == ["a", "b", "d gave up", "c", "e"]
    assert under_way == 0


def test_a_newcomer_does_not_pass_those_who_wait():
    async def journey():
        health = Health()
        await health.enter(1, 1)
        waiting = asyncio.create_task(health.enter(1, 1))
        await asyncio.sleep(0)
        health.leave()
        newcomer = await health.enter(1, 0.01)
        return await waiting, newcomer, health.under_way

    assert asyncio.run(journey()) == (True, False, 1)


def test_room_given_to_one_who_was_just_cancelled_goes_on_to_the_next():
    async def journey():
        health = Health()
        await health.enter(1, 1)
        gone, next_ = (asyncio.create_task(health.enter(1, 1)) for _ in range(2))
        await asyncio.sleep(0)
        health.leave()
        gone.cancel()
        entered = await next_
        health.leave()
        return entered, health.under_way

    assert asyncio.run(journey()) == (True, 0)


def test_without_a_limit_nobody_waits():
    async def journey():
        health = Health()
        return [await health.enter(0, 0.0) for _ in range(100)], health.under_way

    entered, under_way = asyncio.run(journey())
    assert all(entered)
    assert under_way == 100


def test_upstreams_are_the_same_by_address_and_model_whatever_they_are_called():
    circuits = Circuits()
    one = circuits.of(Upstream(name="a", url="http://x", model="m"))
    assert circuits.of(Upstream(name="b", url="http://x", model="m")) is one
    assert circuits.of(Upstream(name="a", url="http://x", model="other")) is not one
    for _ in range(5):
        one.ended(answered=False, tried=False, rule=Circuit(least_failures=5, open_s=5.0), now=0.0)
    assert [(key, health.allowed(1.0)) for key, health in circuits] == [
        (("http://x", "m"), False), (("http://x", "other"), True),
    ]  # fmt: skip


def test_models_that_callers_make_up_do_not_pile_up_and_those_under_way_are_kept():
    async def journey():
        circuits = Circuits(most=8)
        busy = circuits.of(_named("busy"))
        await busy.enter(1, 1)
        used = circuits.of(_named("used"))
        for number in range(1_000):
            circuits.of(_named(f"made-up-{number}"))
            circuits.of(_named("used"))
        return len(list(circuits)) <= 8, circuits.of(_named("busy")) is busy, circuits.of(_named("used")) is used

    assert asyncio.run(journey()) == (True, True, True)


def _named(model):
    return Upstream(name="main", url="http://x", model=model)
