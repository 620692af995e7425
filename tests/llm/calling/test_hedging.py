"""Of two who are asked, the first to answer wins, and the other is always cancelled."""

import asyncio
import time

import pytest

from loopwright.errors import BudgetExceededError, UpstreamError, UpstreamRefusedError
from loopwright.llm.calling.asker import Answered, Opened
from loopwright.llm.calling.attempt import Failure
from loopwright.llm.calling.circuits import Health
from loopwright.llm.calling.hedging import first_to_answer
from loopwright.llm.route import Upstream

UPSTREAM = Upstream(name="u", url="http://x", model="m")


class Asked:
    """One who answers, fails or raises after a while, and remembers how that ended."""

    def __init__(self, after_s: float, says: object) -> None:
        self.after_s, self.says, self.ended = after_s, says, "not asked"

    async def __call__(self):
        self.ended = "under way"
        try:
            await asyncio.sleep(self.after_s)
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "done"
        if isinstance(self.says, Exception):
            raise self.says
        return self.says if isinstance(self.says, Failure) else Answered(value=self.says, upstream=UPSTREAM)


def failure(cause="status", error=None):
    return Failure(cause=cause, error=error or UpstreamError(cause))


def hedged(first, second, after_s=0.05):
    made, asked = asyncio.run(first_to_answer(first(), second, after_s=after_s))
    return made.value if isinstance(made, Answered) else made, asked, first.ended, second.ended


def test_one_who_answers_in_time_is_alone():
    assert hedged(Asked(0.0, "one"), Asked(0.0, "two")) == ("one", False, "done", "not asked")


def test_one_who_fails_in_time_is_alone_too():
    broken = failure()
    assert hedged(Asked(0.0, broken), Asked(0.0, "two")) == (broken, False, "done", "not asked")


def test_the_second_is_asked_after_a_while_and_who_is_later_is_cancelled():
    assert hedged(Asked(5.0, "one"), Asked(0.05, "two")) == ("two", True, "cancelled", "done")
    assert hedged(Asked(0.1, "one"), Asked(5.0, "two")) == ("one", True, "done", "cancelled")


def test_a_failure_is_no_answer_while_the_other_is_asked():
    assert hedged(Asked(0.1, failure()), Asked(0.1, "two"))[:2] == ("two", True)
    assert hedged(Asked(0.15, "one"), Asked(0.0, failure()))[:2] == ("one", True)


def test_where_both_fail_the_callers_own_fault_is_told_before_the_firsts():
    first, refused = failure(), failure("refused", UpstreamRefusedError("no"))
    assert hedged(Asked(0.1, first), Asked(0.0, failure("timeout")))[0] is first
    assert hedged(Asked(0.1, first), Asked(0.0, refused))[0] is refused


def test_what_one_raises_ends_both():
    first = Asked(5.0, "one")
    with pytest.raises(BudgetExceededError):
        hedged(first, Asked(0.0, BudgetExceededError("none left")))
    assert first.ended == "cancelled"


def test_a_stream_that_came_too_late_to_win_is_closed_and_makes_room():
    class Stream:
        closed = False

        def close(self):
            self.closed = True

    async def journey():
        streams, health = [Stream(), Stream()], Health()
        health.under_way = 2
        opened = [Opened(stream=one, reader=None, pieces=(), ended=False, health=health) for one in streams]
        both = asyncio.Event()

        async def answer(number):
            await both.wait()
            return Answered(value=opened[number], upstream=UPSTREAM)

        asyncio.get_running_loop().call_later(0.1, both.set)
        made, _ = await first_to_answer(answer(0), lambda: answer(1), after_s=0.01)
        return made.value is opened[0], [one.closed for one in streams], health.under_way

    assert asyncio.run(journey()) == (True, [False, True], 1)


def test_whoever_goes_away_cancels_both_at_once():
    async def journey():
        first, second = Asked(5.0, "one"), Asked(5.0, "two")
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await first_to_answer(first(), second, after_s=0.05)
        return first.ended, second.ended, time.monotonic() - started

    first, second, took = asyncio.run(journey())
    assert (first, second) == ("cancelled", "cancelled")
    assert took < 1.0
