"""Purses when the store fails, when several processes want the last of a budget, when periods end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from loopwright.errors import BudgetExceededError, StoreBusyError
from loopwright.llm.budgets.account import Account, Accounts
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.leftovers import end_leftovers
from loopwright.llm.budgets.purses import Purses
from loopwright.store.backends.memory_kv import MemoryKeyValues
from loopwright.testing.clocks import ManualClock

KEY = "budget/b/all-tokens/2026-01-01/"
BUDGET = Budget(name="b", limit=100, unit="tokens", every="day")


class Failing(MemoryKeyValues):
    """Pairs in a store that fails, or takes its time, when it is told to."""

    fails = False
    goes_on: threading.Event | None = None

    def compare_and_set(self, *args: Any, **how: Any) -> bool:
        if self.fails:
            raise StoreBusyError("the store stayed locked")
        if self.goes_on is not None:
            self.goes_on.wait(5.0)
        return super().compare_and_set(*args, **how)


class Place:
    def __init__(self, folder: Path) -> None:
        self.clock, self.folder = ManualClock(), folder / "spending"
        self.kv = Failing(clock=self.clock)
        self.accounts = Accounts(self.kv)

    def purses(self, holder: str) -> Purses:
        return Purses(lambda: self.accounts, folder=self.folder, holder=holder, clock=self.clock, machine=self.clock)

    @property
    def account(self) -> Account:
        return self.accounts.read([KEY])[KEY]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def run(play: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(play())


def test_a_store_that_fails_lets_no_call_through_and_the_next_may_try_again(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        place.kv.fails = True
        outcomes = await asyncio.gather(*(purses.make_room(purse, 10) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in outcomes] == [StoreBusyError] * 3
        assert purse.free == 0
        place.kv.fails = False
        await purses.make_room(purse, 10)
        assert purse.free >= 10
        await purses.close()

    run(play)
    assert place.account == Account()


def test_what_could_not_be_given_back_is_still_there_for_calls(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        await purses.make_room(purse, 60)
        place.clock.advance(6_000_000)
        place.kv.fails = True
        with pytest.raises(StoreBusyError):
            await purses.tend()
        assert purse.free == 60
        place.kv.fails = False
        await purses.tend()
        assert (purse.free, place.account.taken) == (0, 0)
        await purses.close()

    run(play)


def test_what_is_being_given_back_is_not_there_for_a_call_that_comes_meanwhile(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        await purses.make_room(purse, 60)
        place.clock.advance(6_000_000)
        place.kv.goes_on = threading.Event()
        giving = asyncio.create_task(purses.tend())
        while not purse.lock.locked():
            await asyncio.sleep(0)
        call = asyncio.create_task(purses.make_room(purse, 60))
        await asyncio.sleep(0.02)
        assert purse.free == 0
        assert not call.done()
        place.kv.goes_on.set()
        await asyncio.gather(giving, call)
        assert purse.free == 60 == place.account.taken
        await purses.close()

    run(play)


def test_leases_that_could_not_be_ended_are_ended_by_whoever_looks_next(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        await purses.make_room(purse, 60)
        purse.counter.reserve(20)
        purse.counter.settle(15, 8)
        place.kv.fails = True
        await purses.close()
        assert place.account.leases == {"a": 60}

    run(play)
    place.kv.fails = False
    end_leftovers(place.folder, place.accounts)
    assert place.account == Account(spent=8 + 5)


def test_calls_that_wait_together_ask_the_store_once_for_all(place: Place) -> None:
    asked: list[int] = []
    take = place.accounts.take

    def counting(*args: Any, **how: Any) -> Any:
        asked.append(how["wanted"])
        return take(*args, **how)

    place.accounts.take = counting  # type: ignore[method-assign]

    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")

        async def call() -> None:
            await purses.make_room(purse, 1)
            purse.counter.reserve(1)

        await asyncio.gather(*(call() for _ in range(100)))
        assert purse.counter.reserved == 100
        with pytest.raises(BudgetExceededError):
            await call()
        await purses.close()

    run(play)
    assert asked == [100, 1]


def test_a_budget_that_is_used_up_is_not_asked_for_again_by_every_refused_call(place: Place) -> None:
    asked: list[int] = []
    take = place.accounts.take

    def counting(*args: Any, **how: Any) -> Any:
        asked.append(1)
        return take(*args, **how)

    place.accounts.take = counting  # type: ignore[method-assign]

    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        for _ in range(50):
            with pytest.raises(BudgetExceededError):
                await purses.make_room(purse, 101)
        assert len(asked) == 1
        await purses.make_room(purse, 100)  # a smaller one is another question
        await purses.close()

    run(play)


def test_a_purse_of_a_period_that_is_over_is_closed_once_nothing_is_under_way(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        await purses.make_room(purse, 60)
        purse.counter.reserve(20)
        place.clock.advance(86_400_000_000)
        await purses.tend()
        assert not purse.closing
        purse.counter.settle(20, 8)
        await purses.tend()
        assert purse.closing
        assert len(purses) == 0
        assert place.account == Account(spent=8)
        following = await purses.open(BUDGET, "")
        assert following.period.label == "2026-01-02"
        await purses.close()

    run(play)


def test_a_purse_that_is_being_closed_is_opened_anew_only_after(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        await purses.make_room(purse, 60)
        place.clock.advance(61_000_000)
        closing = asyncio.create_task(purses.tend())
        while not purse.closing:
            await asyncio.sleep(0)
        again = await purses.open(BUDGET, "")
        await closing
        assert again is not purse
        await purses.make_room(again, 100)
        assert place.account.leases == {"a": 100}
        await purses.close()

    run(play)
    assert place.account == Account()


def test_a_lowered_limit_takes_back_what_is_idle_and_a_raised_one_lets_calls_through(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        purse = await purses.open(BUDGET, "")
        await purses.make_room(purse, 90)
        lower = Budget(name="b", limit=10, unit="tokens", every="day")
        purses.adopt({"b": lower})
        await purses.tend()
        assert place.account.taken == 0
        with pytest.raises(BudgetExceededError):
            await purses.make_room(purse, 11)
        purses.adopt({"b": BUDGET})
        await purses.make_room(purse, 90)
        await purses.close()

    run(play)


def test_a_subject_that_cannot_be_written_down_has_an_account_all_the_same(place: Place) -> None:
    async def play() -> None:
        purses = place.purses("a")
        for subject in ("\ud800", "x" * 500, "a\x00b"):
            purse = await purses.open(Budget(name="u", limit=9, unit="tokens", per="user"), subject)
            await purses.make_room(purse, 9)
        await purses.close()

    run(play)
    assert len(place.kv.keys("budget/u/")) == 3
