"""The purses of this process: filled from accounts by slices, emptied into them when they lie idle."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from loopwright.core.clock import Clock
from loopwright.errors import StoreBusyError, StoreError
from loopwright.llm.budgets.account import Accounts, account_key, known_as
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.counters import CounterFile
from loopwright.llm.budgets.figures import ask_for_idle
from loopwright.llm.budgets.period import period_of
from loopwright.llm.budgets.purse import Purse

_LOG = logging.getLogger("loopwright.budgets")
_IDLE_S = 5.0
_FORGOTTEN_S = 60.0
_PATIENCE_S = 1.0
_PAUSE_S = 0.05
_LONGEST_S = 10.0
_TENDED_AT_ONCE = 1000


class Purses:
    """Opens, fills, empties and closes purses. Lives on one event loop; what blocks is done in threads.

    Args:
        accounts: Gives the home's accounts; asked when the first budget applies to a call.
        folder: Where processes have their counters.
        holder: Names this process, and never another.
        clock: The workspace's: periods go by it.
        machine: Idleness goes by it.
    """

    def __init__(
        self, accounts: Callable[[], Accounts], *, folder: Path, holder: str, clock: Clock, machine: Clock
    ) -> None:
        self._accounts = accounts
        self._folder = folder
        self._holder = holder
        self._clock = clock
        self._machine = machine
        self._purses: dict[str, Purse] = {}
        self._counters: CounterFile | None = None
        self._next = 0

    def __len__(self) -> int:
        return len(self._purses)

    async def open(self, budget: Budget, subject: str) -> Purse:
        """The purse for a budget's running period and one subject.

        Raises:
            NoSpaceError, NoPermissionError: There is no place to count in.
        """
        period = period_of(budget.every, self._clock.now())
        subject = known_as(subject)
        key = account_key(budget, period, subject)
        while (known := self._purses.get(key)) is not None:
            if not known.closing:
                return known
            async with known.lock:  # until it is closed
                pass
            if self._purses.get(key) is known:
                await asyncio.sleep(_PAUSE_S)
        if self._counters is None:
            self._counters = CounterFile(self._folder, self._holder)
        counter = self._counters.open(key, period.end)
        made = Purse(key=key, budget=budget, period=period, subject=subject, counter=counter)
        made.used_at = self._machine.monotonic()
        self._purses[key] = made
        return made

    async def make_room(self, purse: Purse, amount: int) -> None:
        """Return once the purse has so much free, or is closing.

        Raises:
            BudgetExceededError: The budget has no room for it.
            StoreBusyError, NoSpaceError, NoPermissionError: Nobody can say.
        """
        began = self._machine.monotonic()
        while purse.free < amount and not purse.closing:
            waited = self._machine.monotonic() - began
            if purse.refused_until > began + waited and amount >= purse.refused:
                raise purse.refusal(amount)
            await self._fill(purse, amount)
            if purse.free >= amount or purse.left + max(purse.free, 0) >= amount:
                if waited > _LONGEST_S:
                    raise StoreBusyError(f"budget {purse.budget.name} is being changed by others all the time")
                continue
            if not await self._elsewhere(purse, amount) or waited > _PATIENCE_S:
                purse.refused, purse.refused_until = amount, began + waited + _PAUSE_S
                raise purse.refusal(amount)
            await asyncio.sleep(_PAUSE_S)

    async def tend(self) -> None:
        """Give back what lies idle or is asked for, pay what calls took too much, close what is over. Some of the
        purses at a time, the others the next time."""
        purses = list(self._purses.values())
        start = self._next if self._next < len(purses) else 0
        self._next = start + _TENDED_AT_ONCE
        for purse in purses[start : self._next]:
            if purse.quiet and not purse.closing:
                await self._tend(purse)

    def adopt(self, budgets: Mapping[str, Budget]) -> None:
        """Go by these budgets from now on."""
        for purse in self._purses.values():
            budget = budgets.get(purse.budget.name)
            if budget is not None and account_key(budget, purse.period, purse.subject) == purse.key:
                purse.budget = budget
            purse.unwelcome = True
            purse.refused_until = 0.0

    def used_since(self, at: float) -> list[Purse]:
        """The purses that calls have used since a monotonic instant."""
        return [purse for purse in self._purses.values() if purse.used_at >= at and not purse.closing]

    async def close(self) -> None:
        """End every lease; what is set aside for calls under way counts as spent."""
        counters, self._counters = self._counters, None
        purses = list(self._purses.values())
        self._purses.clear()
        for purse in purses:
            purse.closing = True
            async with purse.lock:
                pass
        if counters is None:
            return
        try:
            await asyncio.to_thread(self._end_all, purses)
        except StoreError as error:
            # The file stays, no longer locked: whoever looks next ends the leases that are left.
            _LOG.warning("leases of budgets are left to be ended by another process: %s", error)
            left = True
        else:
            left = False
        for purse in purses:
            purse.counter.drop()
        (counters.abandon if left else counters.remove)()

    def _end_all(self, purses: list[Purse]) -> None:
        for purse in purses:
            spent = purse.counter.spent + purse.counter.reserved
            self._accounts().end_lease(purse.key, self._holder, spent, ends_at=purse.period.end)

    async def _fill(self, purse: Purse, amount: int) -> None:
        """Ask the account for what this call and all that wait with it need; one asks for all."""
        purse.needs.append(amount)
        try:
            if purse.growing is None or purse.growing.done():
                purse.growing = asyncio.create_task(self._grow(purse))
                purse.growing.add_done_callback(_seen)
            # A caller that goes away must not take along what the others wait for.
            await asyncio.shield(purse.growing)
        finally:
            purse.needs.remove(amount)

    async def _grow(self, purse: Purse) -> None:
        async with purse.lock:
            missing = [need - purse.free for need in purse.needs]
            if purse.closing or not missing or min(missing) <= 0:
                return
            got = await asyncio.to_thread(
                self._accounts().take, purse.key, self._holder,
                subject=purse.subject, wanted=sum(purse.needs) - purse.free, least=min(missing),
                limit=purse.budget.limit, ends_at=purse.period.end,
            )  # fmt: skip
            purse.leased += got.granted
            purse.left = got.left
            purse.account = got.account

    async def _elsewhere(self, purse: Purse, amount: int) -> bool:
        """Whether other processes have enough idle; they are asked for it."""
        idle = await asyncio.to_thread(ask_for_idle, self._folder, purse.key, purse.account, but=self._holder)
        return purse.left + purse.free + idle >= amount

    async def _tend(self, purse: Purse) -> None:
        idle_s = self._machine.monotonic() - purse.used_at
        over = purse.period.end <= self._clock.now() or idle_s > _FORGOTTEN_S
        free = purse.free
        if free < 0:
            await self._set_lease(purse, purse.leased - free)
        elif over and not purse.counter.reserved:
            await self._close(purse)
        elif free and (purse.unwelcome or idle_s > _IDLE_S or purse.counter.wanted()):
            purse.unwelcome = False
            await self._set_lease(purse, purse.leased - free)

    async def _set_lease(self, purse: Purse, leased: int) -> None:
        async with purse.lock:
            before = purse.leased
            # What is given back is not there for calls any more before anybody else can take it.
            purse.leased = min(leased, before)
            try:
                purse.account = await asyncio.to_thread(
                    self._accounts().set_lease, purse.key, self._holder, leased, ends_at=purse.period.end
                )
            except StoreError:
                purse.leased = before
                raise
            purse.leased = leased
            purse.left = purse.budget.limit - purse.account.taken

    async def _close(self, purse: Purse) -> None:
        purse.closing = True
        async with purse.lock:
            try:
                await asyncio.to_thread(
                    self._accounts().end_lease, purse.key, self._holder, purse.counter.spent, ends_at=purse.period.end
                )
            except StoreError:
                purse.closing = False
                raise
            self._purses.pop(purse.key, None)
            if self._counters is not None:
                self._counters.close_counter(purse.counter)


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
