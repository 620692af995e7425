"""Callers who go away: what is done for them is cancelled, and nothing else is."""

import asyncio

import pytest

from loopwright.web.gateway.leaving import Leaving


def receiving(after_s):
    async def receive():
        await asyncio.sleep(after_s)
        return {"type": "http.disconnect"}

    return receive


def test_a_caller_who_goes_away_ends_the_work():
    async def run():
        with Leaving(receiving(0.01), patience_s=0.0):
            await asyncio.sleep(10)

    with pytest.raises(ConnectionAbortedError):
        asyncio.run(run())


def test_work_that_ends_in_time_is_its_result_and_leaves_no_task():
    async def run():
        with Leaving(receiving(5), patience_s=0.0):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1


def test_a_cancel_from_elsewhere_stays_one():
    async def run():
        async def work():
            with Leaving(receiving(5), patience_s=0.0):
                await asyncio.sleep(10)

        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
