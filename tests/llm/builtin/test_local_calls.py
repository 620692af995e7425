"""Deadlines of local models, and how they learn that nobody waits."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from tests.llm import local_models

from loopwright.errors import UpstreamError
from loopwright.llm.builtin.local_calls import LocalCalls
from loopwright.llm.builtin.pool import UpstreamPool
from loopwright.llm.http.patience import Patience
from loopwright.llm.provider import HttpAsk

pytestmark = pytest.mark.usefixtures("local_models")
PATIENT = Patience()
T = TypeVar("T")


def _ask(**body: Any) -> HttpAsk:
    messages = [{"role": "user", "content": "hello"}]
    return HttpAsk(path="/chat/completions", body=json.dumps({"messages": messages, **body}).encode())


def _with_pool(work: Callable[[UpstreamPool], Awaitable[T]]) -> T:
    async def journey() -> T:
        async with UpstreamPool() as pool:
            return await work(pool)

    return asyncio.run(journey())


def test_more_calls_than_threads_are_all_answered() -> None:
    async def many() -> list[int]:
        calls = LocalCalls()
        try:
            found = await asyncio.gather(*(calls.whole("echo:x", _ask(), PATIENT) for _ in range(60)))
        finally:
            calls.close()
        return [answer.status for answer in found]

    assert asyncio.run(many()) == [200] * 60


def test_a_model_that_takes_too_long_is_a_time_out_and_learns_of_it() -> None:
    started = time.monotonic()
    with pytest.raises(UpstreamError) as late:
        _with_pool(lambda pool: pool.fetch("slow:x", _ask(), patience=Patience(first_s=0.1)))
    assert late.value.context["cause"] == "timeout"
    assert time.monotonic() - started < 1.5
    assert local_models.SEEN.wait(2)


def test_the_time_of_the_whole_call_bounds_a_local_model_too() -> None:
    async def hurried(pool: UpstreamPool) -> None:
        until = asyncio.get_running_loop().time() + 0.1
        await pool.fetch("slow:x", _ask(), patience=Patience(first_s=30.0, until=until))

    with pytest.raises(UpstreamError) as late:
        _with_pool(hurried)
    assert late.value.context["cause"] == "timeout"


def test_a_caller_who_goes_away_stops_the_model() -> None:
    async def gone(pool: UpstreamPool) -> None:
        call = asyncio.ensure_future(pool.fetch("slow:x", _ask(), patience=PATIENT))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(local_models.SEEN.wait, 2)

    _with_pool(gone)


def test_a_stream_that_is_closed_stops_the_model() -> None:
    async def left(pool: UpstreamPool) -> None:
        stream = await pool.open("drip:x", _ask(stream=True), patience=PATIENT)
        first = await stream.more()
        reading = asyncio.ensure_future(stream.more())
        stream.close()
        await reading
        assert first.startswith(b": 0")
        assert await stream.more() == b""

    _with_pool(left)
    assert local_models.SEEN.wait(2)


def test_closing_the_pool_gives_up_what_is_under_way() -> None:
    async def closed() -> None:
        pool = UpstreamPool()
        call = asyncio.ensure_future(pool.fetch("slow:x", _ask(), patience=PATIENT))
        await asyncio.sleep(0.05)
        await pool.aclose()
        assert await asyncio.to_thread(local_models.SEEN.wait, 2)
        call.cancel()

    asyncio.run(closed())
