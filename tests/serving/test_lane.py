import asyncio
import threading

import pytest

from loopwright.core.clock import SystemClock
from loopwright.serving.lane import INLINE_S, Expected, Lane


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 10))


async def done_of(lane, records, work, **named):
    future = asyncio.get_running_loop().create_future()
    lane.run(records, work, future.set_result, **named)
    return await future


def test_a_model_of_which_nothing_is_known_runs_in_the_thread_and_a_quick_one_then_on_the_loop():
    async def asks():
        lane = Lane(SystemClock(), inline=True)
        return [await done_of(lane, 1, threading.current_thread) for _ in range(3)]

    first, second, third = run(asks())
    assert first is not threading.main_thread()
    assert second is third is threading.main_thread()


def test_a_models_own_code_never_runs_on_the_loop():
    async def asks():
        lane = Lane(SystemClock(), inline=False)
        return {await done_of(lane, 1, threading.get_ident) for _ in range(3)}

    found = run(asks())
    assert len(found) == 1
    assert found != {threading.get_ident()}


def test_the_loop_goes_on_while_the_thread_works():
    async def asks():
        lane, release = Lane(SystemClock(), inline=True), threading.Event()
        future = asyncio.get_running_loop().create_future()
        lane.run(1, lambda: release.wait(5), future.set_result)
        await asyncio.sleep(0.05)
        assert lane.busy
        assert lane.running_s() > 0.02
        release.set()
        assert await future is True
        assert (lane.busy, lane.running_s()) == (False, 0.0)

    run(asks())


@pytest.mark.parametrize("inline", [True, False])
def test_what_the_model_raises_is_the_result(inline):
    async def asks():
        lane = Lane(SystemClock(), inline=inline)
        await done_of(lane, 1, int)
        return await done_of(lane, 1, lambda: 1 / 0)

    assert isinstance(run(asks()), ZeroDivisionError)


def test_other_work_is_no_measure():
    async def asks():
        lane = Lane(SystemClock(), inline=True)
        await done_of(lane, 1, int)
        aside = await done_of(lane, 1, threading.current_thread, aside=True)
        return aside, await done_of(lane, 1, threading.current_thread)

    aside, after = run(asks())
    assert aside is not threading.main_thread()
    assert after is threading.main_thread()


def test_a_size_not_seen_yet_is_expected_to_take_in_proportion_to_the_next_smaller():
    expected = Expected()
    assert expected.seconds(1) == float("inf")
    expected.seen(1, 0.0001)
    assert expected.seconds(1) == pytest.approx(0.0001)
    assert expected.seconds(64) == pytest.approx(0.0064)
    assert expected.seconds(10_000) > INLINE_S
    expected.seen(64, 0.0002)
    assert expected.seconds(60) == pytest.approx(0.0002)
    assert expected.seconds(128) == pytest.approx(0.0004)
    assert expected.seconds(1) == pytest.approx(0.0001)


def test_one_slow_batch_moves_the_expectation_a_little():
    expected = Expected()
    expected.seen(1, 0.0001)
    expected.seen(1, 0.0101)
    assert expected.seconds(1) == pytest.approx(0.0021)
