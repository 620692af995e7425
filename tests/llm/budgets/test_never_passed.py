"""A limit is never passed: whatever order calls come in, however many processes there are, whenever one is killed."""

import asyncio
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.core.clock import SystemClock
from loopwright.errors import BudgetExceededError
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.account import Accounts
from loopwright.llm.budgets.budget import KIND, Budget
from loopwright.llm.budgets.leftovers import end_leftovers
from loopwright.llm.budgets.meter import FOLDER, open_meter
from loopwright.llm.metering import Charge, Meter
from loopwright.store.backends.memory_kv import MemoryKeyValues
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores

Declare = Callable[..., None]
KEY = "budget/b/all-tokens/all/"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve"] * 6 + ["settle"] * 4 + ["release", "again", "kill", "leave", "breathe"]),
        st.integers(0, 2),
        st.integers(1, 40),
        st.floats(0, 1),
    ),
    max_size=80,
)


def charge(call: str, bound: int) -> Charge:
    return Charge(call=call, endpoint="e", caller="k", provider="p", model="m", input_tokens=bound, output_tokens=0)


class Home:
    """What a meter needs of stores, with its pairs in memory."""

    def __init__(self, ledger: MemoryLedger, home: Path) -> None:
        self.ledger, self.home, self.kv = ledger, home, MemoryKeyValues(clock=SystemClock())


class Played:
    """Three workers of one home, and an upstream that counts."""

    def __init__(self, home: Home, limit: int) -> None:
        self.home, self.limit = home, limit
        self.meters: dict[int, Any] = {}
        self.under_way: dict[int, dict[str, int]] = {0: {}, 1: {}, 2: {}}
        self.upstream = 0
        self.lost = 0
        self.calls = 0

    def meter(self, worker: int) -> Meter:
        if worker not in self.meters:
            self.meters[worker] = open_meter(self.home, clock=SystemClock(), machine=SystemClock(), worker="w")
        return self.meters[worker]

    async def step(self, what: str, worker: int, bound: int, share: float) -> None:
        calls = self.under_way[worker]
        if what == "reserve":
            self.calls += 1
            await self.reserve(worker, f"c{self.calls}", bound)
        elif what == "again" and calls:
            await self.reserve(worker, next(iter(calls)), bound)
        elif what == "settle" and calls:
            call, most = calls.popitem()
            used = round(most * share)
            self.upstream += used
            self.meter(worker).settle(call, Usage(input_tokens=used), provider="p", model="m")
        elif what == "release" and calls:
            self.meter(worker).release(calls.popitem()[0])
        elif what in ("kill", "leave") and worker in self.meters:
            await self.end(worker, killed=what == "kill")
        elif what == "breathe":
            await asyncio.sleep(0.12)
        self.check()

    async def reserve(self, worker: int, call: str, bound: int) -> None:
        calls = self.under_way[worker]
        try:
            await self.meter(worker).reserve(charge(call, bound))
        except BudgetExceededError:
            return
        calls[call] = max(calls.get(call, 0), bound)

    async def end(self, worker: int, *, killed: bool) -> None:
        meter = self.meters.pop(worker)
        self.lost += sum(self.under_way[worker].values())
        self.under_way[worker] = {}
        if killed:
            await kill(meter)
        else:
            await meter.close()

    def check(self) -> None:
        under_way = sum(sum(calls.values()) for calls in self.under_way.values())
        assert self.upstream + self.lost + under_way <= self.limit


async def kill(meter: Any) -> None:
    """What a kill leaves: nothing is written any more, and the lock is gone."""
    if meter._tending is not None:
        meter._tending.cancel()
        await asyncio.gather(meter._tending, return_exceptions=True)
    for purse in meter._purses._purses.values():
        purse.counter.drop()
    if meter._purses._counters is not None:
        meter._purses._counters.abandon()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, limit=st.integers(1, 400))
def test_no_order_of_calls_settlements_and_kills_passes_the_limit_or_loses_count(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, float]], limit: int
) -> None:
    played = prepared(tmp_path_factory.mktemp("home"), limit)

    async def play() -> None:
        for step in steps:
            await played.step(*step)
        for worker in list(played.meters):
            await played.end(worker, killed=worker == 0)

    asyncio.run(play())
    accounts = Accounts(played.home.kv)
    end_leftovers(played.home.home / FOLDER, accounts)
    account = accounts.read([KEY]).get(KEY)
    assert ((account.spent, account.leases) if account else (0, {})) == (played.upstream + played.lost, {})


def prepared(folder: Path, limit: int) -> Played:
    ledger = MemoryLedger(clock=SystemClock())
    budget = Budget(name="b", limit=limit, unit="tokens", every="total", warn=None)
    ledger.commit(records=[Record(kind=KIND, id="b", data=msgspec.to_builtins(budget))])
    return Played(Home(ledger, folder), limit)


def test_a_hundred_calls_at_once_never_take_more_than_the_limit_and_can_take_all_of_it(
    stores: Stores, declare: Declare
) -> None:
    declare(Budget(name="b", limit=1000, unit="tokens", every="total"))
    generator = np.random.default_rng(5)
    took: list[int] = []

    async def call(meter: Meter, number: int, bound: int, used: int) -> None:
        try:
            await meter.reserve(charge(f"c{number}", bound))
        except BudgetExceededError:
            return
        await asyncio.sleep(0.001 * (number % 7))
        took.append(used)
        meter.settle(f"c{number}", Usage(input_tokens=used), provider="p", model="m")

    async def play() -> None:
        meters = [open_meter(stores, clock=SystemClock(), machine=SystemClock(), worker=f"w{n}") for n in range(4)]
        number = 0
        while sum(took) < 1000:
            before = sum(took)
            bounds = generator.integers(1, 40, size=100)
            uses = [int(generator.integers(1, bound + 1)) for bound in bounds]
            if 1000 - before < 40:
                bounds, uses = np.ones(100, dtype=int), [1] * 100
            calls = [call(meters[n % 4], number + n, int(bounds[n]), uses[n]) for n in range(100)]
            await asyncio.gather(*calls)
            number += 100
            assert before < sum(took) <= 1000
        for meter in meters:
            await meter.close()

    asyncio.run(play())
    assert sum(took) == 1000
    assert Accounts(stores.kv).read([KEY])[KEY].spent == 1000


WORKER = textwrap.dedent(
    """
    import asyncio, os, sys
    from pathlib import Path
    from loopwright.core.clock import SystemClock
    from loopwright.core.ids import random_id
    from loopwright.errors import BudgetExceededError
    from loopwright.llm.ask import Usage
    from loopwright.llm.budgets.meter import open_meter
    from loopwright.llm.metering import Charge
    from loopwright.store.open_stores import open_stores

    home, upstream, worker, parallel, bound, used = sys.argv[1], *sys.argv[2:4], *map(int, sys.argv[4:7])
    clock = SystemClock()
    stores = open_stores(Path(home), clock=clock, ids=random_id)
    counted = os.open(upstream, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def caller(meter):
        while True:
            call = random_id("call")
            charge = Charge(call=call, endpoint="e", caller="k", provider="p", model="m", input_tokens=bound,
                            output_tokens=0)
            try:
                await meter.reserve(charge)
            except BudgetExceededError:
                return
            await asyncio.sleep(0)
            os.write(counted, f"{used}\\n".encode())  # the upstream counts the call
            await asyncio.sleep(0.0005)
            meter.settle(call, Usage(input_tokens=used), provider="p", model="m")

    async def main():
        meter = open_meter(stores, clock=clock, machine=clock, worker=worker)
        await asyncio.gather(*(caller(meter) for _ in range(parallel)))
        await meter.close()

    asyncio.run(main())
    """
)


def start(home: Path, upstream: Path, worker: str, *, parallel: int, bound: int, used: int) -> subprocess.Popen[bytes]:
    arguments = [str(home), str(upstream), worker, str(parallel), str(bound), str(used)]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments])


def counted(upstream: Path) -> int:
    return sum(int(line) for line in upstream.read_text().splitlines()) if upstream.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
def test_processes_together_take_all_of_a_limit_and_no_more(
    stores: Stores, declare: Declare, home: Path, tmp_path: Path, processes: int
) -> None:
    limit = 20_000
    declare(Budget(name="b", limit=limit, unit="tokens", every="total"))
    upstream = tmp_path / "upstream"
    workers = [start(home, upstream, f"w{n}", parallel=25, bound=10, used=7) for n in range(processes)]
    for worker in workers:
        assert worker.wait(timeout=60) == 0
    assert counted(upstream) <= limit
    # The last calls under way may have held what others then did without: their bounds, and no more.
    assert counted(upstream) > limit - processes * 25 * 10
    assert Accounts(stores.kv).read([KEY])[KEY].spent == counted(upstream)
    last = start(home, upstream, "last", parallel=1, bound=1, used=1)
    assert last.wait(timeout=60) == 0
    assert counted(upstream) == limit


@pytest.mark.slow
def test_workers_that_are_killed_under_load_lose_nothing_and_double_nothing_but_calls_under_way(
    stores: Stores, declare: Declare, home: Path, tmp_path: Path
) -> None:
    limit, parallel, bound, used = 10**9, 20, 10, 7
    declare(Budget(name="b", limit=limit, unit="tokens", every="total"))
    upstream, kills = tmp_path / "upstream", 6
    generator = np.random.default_rng(1)
    for number in range(kills):
        before = counted(upstream)
        worker = start(home, upstream, f"w{number}", parallel=parallel, bound=bound, used=used)
        while counted(upstream) < before + 2000:
            time.sleep(0.02)
        time.sleep(float(generator.uniform(0, 0.2)))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    accounts = Accounts(stores.kv)
    assert end_leftovers(home / FOLDER, accounts) == 1  # each worker ended what the one before it had left
    account = accounts.read([KEY])[KEY]
    assert account.leases == {}
    assert counted(upstream) <= account.spent <= counted(upstream) + kills * parallel * bound
    assert list((home / FOLDER).iterdir()) == []
