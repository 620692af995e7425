"""Connections to one server are handed on, and never lost on the way."""

import asyncio

from loopwright.llm.http.connection import Connection
from loopwright.llm.http.lane import Lane
from loopwright.llm.http.origin import origin_of
from loopwright.llm.http.patience import HttpLimits, Patience
from loopwright.testing.upstream_server import LocalUpstream

PATIENCE = Patience(connect_s=0.5)


def with_lane(journey, connections=1):
    async def whole(url):
        lane = Lane(origin_of(url), limits=HttpLimits(connections=connections), tls=None)
        try:
            return await asyncio.wait_for(journey(lane), 2)
        finally:
            lane.close()

    with LocalUpstream() as upstream:
        return asyncio.run(whole(upstream.url))


def test_a_connection_given_to_one_who_has_just_gone_goes_to_the_next():
    async def journey(lane):
        first = await lane.fresh(PATIENCE)
        gone, staying = (asyncio.create_task(lane.fresh(PATIENCE)) for _ in range(2))
        await asyncio.sleep(0.01)
        lane.free(first)
        gone.cancel()
        return await staying is first

    assert with_lane(journey)


def test_a_connection_that_was_lost_makes_room_for_one_who_waits():
    async def journey(lane):
        first = await lane.fresh(PATIENCE)
        waiting = asyncio.create_task(lane.fresh(PATIENCE))
        await asyncio.sleep(0.01)
        first.drop()
        second = await waiting
        return isinstance(second, Connection), second is first, lane.size

    assert with_lane(journey) == (True, False, 1)


def test_connections_being_made_count_towards_the_limit():
    async def journey(lane):
        made = await asyncio.gather(*(lane.fresh(PATIENCE) for _ in range(5)), return_exceptions=True)
        return sum(isinstance(one, Connection) for one in made), lane.size

    assert with_lane(journey, connections=2) == (2, 2)


def test_the_connection_used_last_is_used_first():
    async def journey(lane):
        first, second = [await lane.fresh(PATIENCE) for _ in range(2)]
        lane.free(second)
        lane.free(first)
        return lane.spare() is first, lane.spare() is second, lane.spare()

    assert with_lane(journey, connections=2) == (True, True, None)
