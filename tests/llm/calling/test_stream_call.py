"""Streams: failures before the first piece are tried again, those after it are told with what came."""

import asyncio
import time

import pytest
from tests.llm.calling.callers import Stage, chat, nothing, settled

from loopwright.errors import UpstreamError, UpstreamRefusedError
from loopwright.llm.calling.stream_call import StreamCall
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.llm.route import Circuit, Retry, Timeouts


@pytest.fixture
def alone():
    with Stage("main") as stage:
        yield stage


@pytest.fixture
def two():
    with Stage("main", "spare") as stage:
        yield stage


async def read(stream: StreamCall):
    """The text that came, and the failure that ended it."""
    text = ""
    try:
        async with stream:
            async for piece in stream:
                text += piece.text
    except UpstreamError as error:
        return text, error
    return text, None


def streamed(stage, ask=None, **settings):
    async def journey(caller):
        stream = await caller.stream(ask or chat("a b c d e f", stream=True), before=nothing)
        text, error = await read(stream)
        return stream, text, error, caller.state()

    return stage.run(journey, **settings)


def test_a_stream_comes_with_its_usage_at_the_end(alone):
    stream, text, error, state = streamed(alone)
    assert (text, error) == ("a b c d e f", None)
    assert (stream.outcome.usage.output_tokens, stream.outcome.finish) == (6, "stop")
    assert (stream.upstream.name, len(stream.attempts), state[0]["under_way"]) == ("main", 1, 0)


@pytest.mark.parametrize("fault", ["500*2", "429=0.01*2", "reset*2", "close*2", "bad_head*2"])
def test_failures_before_the_first_piece_are_tried_again(alone, fault):
    alone["main"].fail(fault)
    stream, text, _, _ = streamed(alone)
    assert (text, len(stream.attempts)) == ("a b c d e f", 3)


def test_an_upstream_without_a_first_piece_is_replaced(two):
    two["main"].fail("hang_after_head")
    stream, text, _, _ = streamed(two)
    assert (text, stream.upstream.name) == ("a b c d e f", "spare")


@pytest.mark.parametrize("fault", ["truncated", "hang_midway", "malformed_sse", "error_event", "ends_early"])
def test_a_failure_after_the_first_piece_is_told_and_never_begun_anew(two, fault):
    two["main"].fail(fault)
    _, text, error, state = streamed(two)
    assert text
    assert "a b c d e f".startswith(text)
    assert error.context["upstream"] == "main"
    assert (two["main"].counts["calls"], two["spare"].counts["calls"]) == (1, 0)
    assert (state[0]["under_way"], state[0]["failures"]) == (0, 1)


def test_a_refusal_of_a_stream_is_told_with_its_words(alone):
    alone["main"].fail("400")
    with pytest.raises(UpstreamRefusedError) as refused:
        streamed(alone)
    assert "told to fail" in refused.value.why


@pytest.mark.parametrize("how", ["aclose", "cancel", "break"])
def test_leaving_a_stream_stops_the_upstream_at_once_and_makes_room(alone, how):
    async def journey(caller):
        alone["main"].fail("slow=0.02")
        stream = await caller.stream(chat("a " * 300, stream=True), before=nothing)
        if how == "aclose":
            await anext(stream)
            await stream.aclose()
        elif how == "cancel":
            task = asyncio.create_task(read(stream))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        else:
            async with stream:
                async for piece in stream:
                    if piece.text:
                        break
        gone = await settled(lambda: alone["main"].counts["cancelled"] == 1, 0.3)
        return gone, caller.state()[0]["under_way"], caller.state()[0]["failures"]

    assert alone.run(journey) == (True, 0, 0)


def test_a_stream_counts_as_under_way_until_its_end(alone):
    async def journey(caller):
        alone["main"].fail("slow=0.03")
        first = await caller.stream(chat("a b c d", stream=True), before=nothing)
        during = caller.state()[0]["under_way"]
        second = asyncio.create_task(caller.stream(chat("x", stream=True), before=nothing))
        await asyncio.sleep(0.05)
        waiting = not second.done()
        await read(first)
        text, _ = await read(await second)
        return during, waiting, text, caller.state()[0]["under_way"]

    timeouts = Timeouts(first_token_s=2.0, total_s=4.0)
    upstreams = alone.upstreams(main={"concurrency": 1})
    assert alone.run(journey, timeouts=timeouts, upstreams=upstreams) == (1, True, "x", 0)


def test_pieces_come_when_they_come(alone):
    async def journey(caller):
        alone["main"].fail("slow=0.05")
        started = time.monotonic()
        async with await caller.stream(chat("a b c d e f g h", stream=True), before=nothing) as stream:
            first = time.monotonic() - started
            count = len([piece async for piece in stream])
        return first, count, time.monotonic() - started

    first, count, whole = alone.run(journey, timeouts=Timeouts())
    assert first < 0.2 < 0.4 < whole
    assert count >= 9


def test_a_stream_ends_with_the_whole_calls_time(alone):
    alone["main"].fail("slow=0.05")
    started = time.monotonic()
    _, text, error, _ = streamed(alone, chat("a " * 100, stream=True), timeouts=Timeouts(total_s=0.4))
    assert text
    assert error.context["cause"] == "timeout"
    assert 0.3 < time.monotonic() - started < 0.8


def test_a_reader_who_is_cancelled_and_forgets_to_close_makes_room_all_the_same(alone):
    async def journey(caller):
        alone["main"].fail("hang_midway")
        stream = await caller.stream(chat("a b c d", stream=True), before=nothing)

        async def endless():
            while True:
                await anext(stream)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(endless(), 0.1)
        return caller.state()[0]["under_way"], caller.state()[0]["failures"]

    assert alone.run(journey, timeouts=Timeouts()) == (0, 0)


def test_an_upstream_whose_first_words_make_no_sense_is_told_to_stop(two):
    class Confused(OpenAIProvider):
        def reader(self, ask):
            raise UpstreamError("no stream of this protocol")

    async def journey(caller):
        two["main"].fail("slow=0.05")
        stream = await caller.stream(chat("a " * 100, stream=True), before=nothing)
        text, _ = await read(stream)
        return text, await settled(lambda: two["main"].counts["cancelled"] == 1, 0.3)

    providers = {"anthropic": Confused(), "openai": OpenAIProvider()}
    upstreams = two.upstreams(main={"api": "anthropic"})
    retry = Retry(times=0)
    assert two.run(journey, providers=providers.get, upstreams=upstreams, retry=retry) == ("a " * 100, True)


def test_streams_that_break_off_open_the_circuit(two):
    async def journey(caller):
        two["main"].fail("truncated")
        for _ in range(3):
            await read(await caller.stream(chat("a b c", stream=True), before=nothing))
        stream = await caller.stream(chat("a b c", stream=True), before=nothing)
        await read(stream)
        return stream.upstream.name

    assert two.run(journey, circuit=Circuit(least_failures=3, failure_share=0.5, open_s=5.0)) == "spare"


def test_after_the_end_there_is_nothing_and_closing_again_does_nothing(alone):
    async def journey(caller):
        stream = await caller.stream(chat("a", stream=True), before=nothing)
        await read(stream)
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        return caller.state()[0]["under_way"]

    assert alone.run(journey) == 0
