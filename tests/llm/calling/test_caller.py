"""Calls through a route over real local upstreams that fail as told."""

import asyncio
import time

import msgspec
import pytest
from tests.llm.calling.callers import Stage, chat, nothing, settled

from loopwright.errors import BudgetExceededError, UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Ask
from loopwright.llm.calling.circuits import Circuits
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


def errors(called):
    return [attempt.error for attempt in called.attempts]


def test_an_answer_comes_with_its_upstream_and_its_one_attempt(alone):
    called = alone.call()
    assert called.reply.text == "one two three"
    assert called.upstream.name == "main"
    (attempt,) = called.attempts
    assert (attempt.upstream, attempt.provider, attempt.model, attempt.status, attempt.error) == (
        "main", "openai", "tiny", 200, "",
    )  # fmt: skip
    assert attempt.started <= attempt.ended


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500*2", "status"), ("429=0.01*2", "limited"), ("malformed_json*2", "malformed"), ("truncated*2", "closed"),
        ("wrong_length*2", "closed"), ("reset*2", "closed"), ("bad_head*2", "malformed"), ("long_body*2", None),
    ],
)  # fmt: skip
def test_what_fails_twice_is_answered_at_the_third_time(alone, fault, error):
    alone["main"].fail(fault)
    called = alone.call()
    assert called.reply.text == "one two three"
    assert errors(called) == ([error, error, ""] if error else [""])


def test_after_its_retries_a_call_fails_with_what_was_last_said(alone):
    alone["main"].fail("500")
    with pytest.raises(UpstreamError) as failure:
        alone.call()
    context = failure.value.context
    assert (context["upstream"], context["attempts"], context["status"]) == ("main", 3, 500)
    assert alone["main"].counts["calls"] == 3


def test_a_fallback_stands_in_once_the_first_has_failed_its_retries(two):
    two["main"].fail("500")
    called = two.call()
    assert (called.upstream.name, errors(called)) == ("spare", ["status", "status", "status", ""])


@pytest.mark.parametrize("fault", ["hang", "hang_after_head", "401", "403", "429=30"])
def test_silence_a_refused_key_and_a_long_wait_move_on_at_once(two, fault):
    two["main"].fail(fault)
    called = two.call(timeouts=Timeouts(connect_s=0.2, first_token_s=0.1, total_s=0.4))
    assert (called.upstream.name, len(called.attempts)) == ("spare", 2)


def test_nobody_there_moves_on_at_once(two):
    gone = [one for one in two.upstreams() if one.name == "spare"]
    absent = two.upstreams()[0]
    upstreams = (type(absent)(name="main", url="http://127.0.0.1:1/v1", model="m"), *gone)
    called = two.call(upstreams=upstreams)
    assert (called.upstream.name, errors(called)) == ("spare", ["connect", ""])


def test_the_callers_own_fault_is_told_at_once_with_its_status(two):
    two["main"].fail("400")
    with pytest.raises(UpstreamRefusedError) as refused:
        two.call()
    assert refused.value.context["http_status"] == 400
    assert "told to fail" in refused.value.why
    assert two["spare"].counts["calls"] == 0


def test_a_refused_key_is_never_the_callers_401(alone):
    alone["main"].fail("401")
    with pytest.raises(UpstreamError) as failure:
        alone.call()
    assert failure.value.http_status == 502
    assert "http_status" not in failure.value.context
    assert alone["main"].counts["calls"] == 1


def test_a_key_that_the_upstream_repeats_is_not_told():
    with Stage("main", key="another") as stage, pytest.raises(UpstreamError) as failure:
        stage.call(secrets=lambda _: "odd-looking secret", upstreams=stage.upstreams(main={"key": "env:KEY"}))
    assert stage["main"].seen[0].headers["authorization"] == "Bearer odd-looking secret"
    assert "wrong key: …" in failure.value.why
    assert "odd-looking" not in str(failure.value.as_dict())


def test_a_missing_key_is_named_by_its_reference_and_the_next_upstream_asked(two):
    upstreams = two.upstreams(main={"key": "env:NO_SUCH_KEY"})
    assert two.call(upstreams=upstreams).upstream.name == "spare"
    with pytest.raises(UpstreamError, match="NO_SUCH_KEY"):
        two.call(upstreams=upstreams[:1])
    assert two["main"].counts["calls"] == 0


def test_keys_are_looked_up_for_every_call_so_that_a_new_one_counts_at_once():
    with Stage("main", key="new") as stage:
        keys = iter(["old", "new"])
        upstreams = stage.upstreams(main={"key": "env:KEY"})

        async def journey(caller):
            with pytest.raises(UpstreamError):
                await caller.call(chat(), before=nothing)
            return await caller.call(chat(), before=nothing)

        called = stage.run(journey, secrets=lambda _: next(keys), upstreams=upstreams)
    assert called.reply.text == "one two three"


def test_before_each_attempt_its_upstream_is_told_and_what_is_raised_there_ends_the_call(two):
    two["main"].fail("500")
    told = []

    async def before(upstream, lost):
        told.append((upstream.name, lost))
        if upstream.name == "spare":
            raise BudgetExceededError("nothing left")

    with pytest.raises(BudgetExceededError):
        two.call(before=before)
    assert told == [("main", 0), ("main", 0), ("main", 0), ("spare", 0)]
    assert (two["main"].counts["calls"], two["spare"].counts["calls"]) == (3, 0)


def test_retry_after_is_waited(alone):
    alone["main"].fail("429=0.3*1")
    started = time.monotonic()
    assert errors(alone.call(retry=Retry(times=1, longest_s=1.0))) == ["limited", ""]
    assert 0.3 <= time.monotonic() - started < 0.8


def test_who_asked_for_a_long_rest_is_asked_after_the_others_meanwhile_and_first_again_then(two):
    async def journey(caller):
        two["main"].fail("429=0.3*1")
        names = [(await caller.call(chat(), before=nothing)).upstream.name for _ in range(3)]
        asked = two["main"].counts["calls"]
        two["spare"].fail("500")
        last_resort = (await caller.call(chat(), before=nothing)).upstream.name
        two["spare"].fail("")
        await asyncio.sleep(0.35)
        return names, asked, last_resort, (await caller.call(chat(), before=nothing)).upstream.name

    assert two.run(journey) == (["spare"] * 3, 1, "main", "main")


def test_one_alone_that_asked_for_a_rest_is_asked_all_the_same(alone):
    async def journey(caller):
        alone["main"].fail("429=30*1")
        with pytest.raises(UpstreamError) as failure:
            await caller.call(chat(), before=nothing)
        return failure.value.context["retry_after_s"], (await caller.call(chat(), before=nothing)).reply.text

    assert alone.run(journey) == (30.0, "one two three")


def test_the_whole_call_ends_in_its_time_however_many_retries_are_left(alone):
    alone["main"].fail("hang")
    started = time.monotonic()
    with pytest.raises(UpstreamError):
        alone.call(retry=Retry(times=50, first_s=0.01))
    assert 0.5 < time.monotonic() - started < 1.5


def test_an_answer_that_comes_whole_may_take_longer_than_a_first_token(alone):
    alone["main"].fail("late=0.3")
    assert errors(alone.call(timeouts=Timeouts(first_token_s=0.1, total_s=2.0))) == [""]


def test_calls_with_a_key_stay_with_one_upstream_and_others_are_spread(two):
    upstreams = tuple(type(one)(name=one.name, url=one.url, model="tiny") for one in two.upstreams())

    async def journey(caller):
        sticky = [(await caller.call(chat(), sticky="conversation-1", before=nothing)).upstream.name for _ in range(12)]
        spread = [(await caller.call(chat(), before=nothing)).upstream.name for _ in range(40)]
        return set(sticky), spread.count("main")

    sticky, mains = two.run(journey, upstreams=upstreams)
    assert len(sticky) == 1
    assert 8 <= mains <= 32


class OnlyChats(OpenAIProvider):
    def takes(self, operation):
        return operation == "chat"


def test_an_upstream_that_cannot_take_a_kind_of_call_is_not_asked_for_it(two):
    embedding = Ask(operation="embedding", body={"model": "x", "input": "y"})
    with pytest.raises(UpstreamRefusedError, match="embedding"):
        two.call(embedding, providers=lambda _: OnlyChats())
    upstreams = two.upstreams(main={"api": "anthropic"})
    providers = {"anthropic": OnlyChats(), "openai": OpenAIProvider()}
    assert two.call(embedding, providers=providers.get, upstreams=upstreams).upstream.name == "spare"
    assert two["main"].counts["calls"] == 0


# -- circuits --------------------------------------------------------------------------------------------------------

FRAGILE = Circuit(window=10, least_failures=3, failure_share=0.5, open_s=0.2)


def test_an_upstream_that_fails_often_is_left_alone_and_tried_again_by_one_call(two):
    async def journey(caller):
        two["main"].fail("500")
        for _ in range(3):
            await caller.call(chat(), before=nothing)
        asked = two["main"].counts["calls"]
        for _ in range(5):
            await caller.call(chat(), before=nothing)
        still = two["main"].counts["calls"]
        state = caller.state()
        two["main"].fail("late=0.05")
        await asyncio.sleep(0.25)
        tries = await asyncio.gather(*(caller.call(chat(), before=nothing) for _ in range(5)))
        closed = await caller.call(chat(), before=nothing)
        return asked, still, state, [one.upstream.name for one in tries].count("main"), closed.upstream.name

    asked, still, state, tried, closed = two.run(journey, circuit=FRAGILE, retry=Retry(times=0))
    assert asked == still == 3
    assert [row["circuit"] for row in state] == ["open", "closed"]
    assert 0 < state[0]["tries_again_s"] <= 0.2
    assert (tried, closed) == (1, "main")


def test_where_all_circuits_are_open_a_call_fails_at_once(alone):
    async def journey(caller):
        alone["main"].fail("hang")
        for _ in range(3):
            with pytest.raises(UpstreamError):
                await caller.call(chat(), before=nothing)
        started = time.monotonic()
        with pytest.raises(UpstreamError, match="left alone") as failure:
            await caller.call(chat(), before=nothing)
        return time.monotonic() - started, failure.value.context["attempts"]

    took, attempts = alone.run(
        journey, circuit=Circuit(window=10, least_failures=3, open_s=5.0), retry=Retry(times=0),
        timeouts=Timeouts(connect_s=0.2, first_token_s=0.05, total_s=0.1),
    )  # fmt: skip
    assert took < 0.05
    assert attempts == 0


def test_a_new_version_begins_with_what_the_one_before_it_knew(two):
    circuits = Circuits()

    async def failing(caller):
        two["main"].fail("500")
        for _ in range(3):
            await caller.call(chat(), before=nothing)

    two.run(failing, circuit=FRAGILE, retry=Retry(times=0), circuits=circuits)
    asked = two["main"].counts["calls"]
    called = two.call(circuit=FRAGILE, circuits=circuits)
    assert (called.upstream.name, two["main"].counts["calls"]) == ("spare", asked)


def test_callers_who_leave_and_requests_that_are_refused_do_not_open_a_circuit(alone):
    async def journey(caller):
        alone["main"].fail("hang")
        for _ in range(6):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.03):
                    await caller.call(chat(), before=nothing)
        alone["main"].fail("400")
        for _ in range(6):
            with pytest.raises(UpstreamRefusedError):
                await caller.call(chat(), before=nothing)
        return caller.state()[0]

    state = alone.run(journey, circuit=FRAGILE)
    assert (state["circuit"], state["failures"], state["under_way"]) == ("closed", 0, 0)


def test_the_call_that_tries_and_is_cancelled_lets_another_try(alone):
    async def journey(caller):
        alone["main"].fail("500")
        for _ in range(3):
            with pytest.raises(UpstreamError):
                await caller.call(chat(), before=nothing)
        await asyncio.sleep(0.25)
        alone["main"].fail("hang")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await caller.call(chat(), before=nothing)
        alone["main"].fail("")
        return (await caller.call(chat(), before=nothing)).reply.text, caller.state()[0]["circuit"]

    assert alone.run(journey, circuit=FRAGILE, retry=Retry(times=0)) == ("one two three", "closed")


def test_who_waited_for_room_does_not_ask_once_the_circuit_has_opened(alone):
    async def journey(caller):
        alone["main"].fail("hang")
        both = [asyncio.create_task(caller.call(chat(), before=nothing)) for _ in range(2)]
        failures = await asyncio.gather(*both, return_exceptions=True)
        return [failure.context["cause"] for failure in failures], caller.state()[0]["under_way"]

    causes, under_way = alone.run(
        journey, circuit=Circuit(least_failures=1, open_s=5.0), retry=Retry(times=0),
        upstreams=alone.upstreams(main={"concurrency": 1}),
        timeouts=Timeouts(first_token_s=0.1, total_s=0.3),
    )  # fmt: skip
    assert (causes, under_way, alone["main"].counts["calls"]) == (["timeout", "open"], 0, 1)


# -- concurrency, cancelling -----------------------------------------------------------------------------------------


def test_no_more_calls_are_under_way_than_an_upstream_may_have(alone):
    async def journey(caller):
        alone["main"].fail("late=0.03")
        called = await asyncio.gather(*(caller.call(chat(), before=nothing) for _ in range(10)))
        return len(called), caller.state()[0]["under_way"]

    done, under_way = alone.run(journey, upstreams=alone.upstreams(main={"concurrency": 2}))
    assert (done, under_way) == (10, 0)
    assert alone["main"].counts["most_under_way"] == 2


def test_who_finds_no_room_in_time_asks_the_next(two):
    async def journey(caller):
        two["main"].fail("late=0.5")
        long = asyncio.create_task(caller.call(chat(), before=nothing))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        moved = await caller.call(chat(), before=nothing)
        took = time.monotonic() - started
        return moved, took, (await long).upstream.name

    timeouts = Timeouts(connect_s=0.1, first_token_s=2.0, total_s=4.0)
    moved, took, first = two.run(journey, upstreams=two.upstreams(main={"concurrency": 1}), timeouts=timeouts)
    assert (moved.upstream.name, len(moved.attempts), first) == ("spare", 1, "main")
    assert 0.1 <= took < 0.4


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_goes_away_cancels_the_upstream_at_once(alone, stream):
    async def journey(caller):
        alone["main"].fail("hang")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await (caller.stream if stream else caller.call)(chat(stream=stream), before=nothing)
        return await settled(lambda: alone["main"].counts["cancelled"] == 1), caller.state()[0]["under_way"]

    assert alone.run(journey, timeouts=Timeouts()) == (True, 0)


# -- hedging ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_a_second_is_asked_where_the_first_says_nothing_and_the_later_one_is_cancelled(two, stream):
    async def journey(caller):
        two["main"].fail("late=1")
        started = time.monotonic()
        if stream:
            async with await caller.stream(chat(stream=True), before=nothing) as answer:
                text = "".join([piece.text async for piece in answer])
        else:
            answer = await caller.call(chat(), before=nothing)
            text = answer.reply.text
        took = time.monotonic() - started
        cancelled = await settled(lambda: two["main"].counts["cancelled"] == 1)
        return text, answer, took, cancelled, [row["under_way"] for row in caller.state()]

    text, answer, took, cancelled, under_way = two.run(journey, hedge_after_s=0.1, timeouts=Timeouts())
    assert (text, answer.upstream.name, cancelled, under_way) == ("one two three", "spare", True, [0, 0])
    assert {attempt.error for attempt in answer.attempts} == {"", "cancelled"}
    assert 0.1 <= took < 0.6


def test_a_hedge_that_no_budget_allows_is_not_made_and_harms_nobody(two):
    async def before(upstream, _lost):
        if upstream.name == "spare":
            raise BudgetExceededError("nothing left")

    two["main"].fail("late=0.2")
    called = two.call(before=before, hedge_after_s=0.05, timeouts=Timeouts())
    assert (called.upstream.name, errors(called)) == ("main", [""])


@pytest.mark.parametrize("fault", ["reset", "malformed_json", "truncated", "hang_midway"])
def test_an_attempt_whose_answer_nobody_has_may_be_on_the_bill_as_a_retry_is_told(alone, fault):
    told = []

    async def before(_, lost):
        told.append(lost)

    alone["main"].fail(f"{fault}*2")
    called = alone.call(before=before, retry=Retry(times=2, first_s=0.0), timeouts=Timeouts(between_tokens_s=0.1))
    assert (called.reply.text, told) == ("one two three", [0, 1, 2])


def test_an_upstream_that_cannot_be_reached_has_charged_nothing(two):
    told = []

    async def before(upstream, lost):
        told.append((upstream.name, lost))

    gone, spare = two.upstreams()
    gone = msgspec.structs.replace(gone, url="http://127.0.0.1:9/v1")
    called = two.run(lambda caller: caller.call(chat(), before=before), upstreams=(gone, spare))
    assert (called.upstream.name, told) == ("spare", [("main", 0), ("spare", 0)])


def test_of_two_that_are_asked_at_once_the_one_that_loses_may_be_on_the_bill(two):
    told = []

    async def before(upstream, lost):
        told.append((upstream.name, lost))
        await asyncio.sleep(0.1 if upstream.name == "main" else 0.0)

    two["main"].fail("late=0.2")
    called = two.call(before=before, hedge_after_s=0.05, timeouts=Timeouts())
    assert (called.upstream.name, told) == ("spare", [("main", 0), ("spare", 1)])


def test_where_both_fail_there_are_still_retries(two):
    two["main"].fail("hang*1")
    two["spare"].fail("500*1")
    called = two.call(hedge_after_s=0.05, timeouts=Timeouts(connect_s=0.2, first_token_s=0.2, total_s=0.4))
    assert called.reply.text == "one two three"


def test_who_was_asked_beside_is_not_asked_again_without_a_retry(two):
    two["main"].fail("hang")
    two["spare"].fail("500")
    with pytest.raises(UpstreamError):
        two.call(hedge_after_s=0.05, retry=Retry(times=0), timeouts=Timeouts(first_token_s=0.2, total_s=2.0))
    assert (two["main"].counts["calls"], two["spare"].counts["calls"]) == (1, 1)


def test_nothing_is_left_under_way_after_many_calls_of_all_kinds(two):
    two["main"].fail("500@0.3")

    async def one(caller, number):
        if number % 2:
            return (await caller.call(chat(), before=nothing)).reply.text
        async with await caller.stream(chat(stream=True), before=nothing) as stream:
            return "".join([piece.text async for piece in stream])

    async def journey(caller):
        texts = await asyncio.gather(*(one(caller, number) for number in range(100)))
        return set(texts), [row["under_way"] for row in caller.state()]

    upstreams = two.upstreams(main={"concurrency": 5}, spare={"concurrency": 5})
    texts, under_way = two.run(journey, upstreams=upstreams, timeouts=Timeouts(), hedge_after_s=0.02)
    assert (texts, under_way) == ({"one two three"}, [0, 0])
