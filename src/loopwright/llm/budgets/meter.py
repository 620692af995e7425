"""The meter: budgets, token rates and prices of calls, for one worker process of a home."""

import asyncio
import logging
from collections.abc import Callable

from loopwright.core.clock import Clock
from loopwright.core.ids import random_id
from loopwright.errors import LoopwrightError, NotReadyError, PriceUnknownError
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.account import Accounts
from loopwright.llm.budgets.budget import marks_of
from loopwright.llm.budgets.budget_events import BudgetEvents
from loopwright.llm.budgets.facts import KeyFacts, LedgerFacts
from loopwright.llm.budgets.held import Attempt, Held
from loopwright.llm.budgets.leftovers import end_leftovers
from loopwright.llm.budgets.purse import Purse
from loopwright.llm.budgets.purses import Purses
from loopwright.llm.budgets.spending_rules import SpendingRules, read_revision, read_rules
from loopwright.llm.budgets.token_rate import TokenRates
from loopwright.llm.metering import Charge, Meter, Spend
from loopwright.llm.prices.price import Priced, assumed, usd
from loopwright.store.open_stores import Stores

FOLDER = "spending"
_LOG = logging.getLogger("loopwright.budgets")
_TENDED_EVERY_S = 0.1
_FOLLOWED_EVERY = 5
_SWEPT_EVERY = 10
_MOST_PLANS = 10_000
_Plan = tuple[KeyFacts, tuple[Purse, ...]]


class BudgetMeter(Meter):
    """Keeps the promise of `Meter`. A call within a slice touches memory only.

    Args:
        stores: The home's.
        clock: The workspace's: periods and prices go by it.
        machine: Rates and idleness go by it.
        worker: Names the process, for people.
        key_facts: What is known of a caller; asked for every call. None: what the ledger knows of keys.
        unknown_price_usd_per_mtok: What a token of a model without a price is taken to cost; 0: such a call is refused
            where a budget counts money.

    Raises:
        StoreBusyError, NoSpaceError, NoPermissionError: As the stores say.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        clock: Clock,
        machine: Clock,
        worker: str,
        key_facts: Callable[[str], KeyFacts] | None = None,
        unknown_price_usd_per_mtok: float = 0.0,
    ) -> None:
        self._ledger = stores.ledger
        self._clock = clock
        self._key_facts = LedgerFacts(stores.ledger) if key_facts is None else key_facts
        self._assumed = assumed(unknown_price_usd_per_mtok)
        self._folder = stores.home / FOLDER
        self._accounts_of: Callable[[], Accounts] = lambda: Accounts(stores.kv)
        self._purses = Purses(
            self._accounts_of, folder=self._folder, holder=random_id(worker), clock=clock, machine=machine
        )
        self._rates = TokenRates(stores.home / "run" / "limits", machine.monotonic)
        self._events = BudgetEvents(
            self._ledger, self._accounts_of, folder=self._folder, actor=f"worker:{worker}", clock=clock
        )
        self._machine = machine
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._held: dict[str, Held] = {}
        self._tending: asyncio.Task[None] | None = None
        self._closed = False
        self._rules: SpendingRules = read_rules(self._ledger)
        if self._rules.budgets:
            end_leftovers(self._folder, self._accounts_of())

    async def reserve(self, charge: Charge) -> None:
        if self._closed:
            raise NotReadyError("this worker is being stopped")
        if self._tending is None:
            await self._begin()
        facts = self._key_facts(charge.caller)
        priced = self._priced(charge.provider, charge.model)
        if not self._rules.budgets:
            attempt = Attempt(charge, priced, ())
        else:
            attempt = await self._room(charge, facts, priced=priced)
        # From here on nothing waits: all is set aside, or nothing. Another attempt of the call may have been meanwhile.
        held = self._held.get(charge.call)
        taken = self._take_tokens(charge, facts, held)
        if held is None:
            held = self._held[charge.call] = Held(charge.caller)
        held.rate, held.tokens = facts.tokens, held.tokens + taken
        used_at = self._machine.monotonic()
        for purse in attempt.purses:
            purse.used_at = used_at
        held.add(attempt)

    def settle(self, call: str, usage: Usage | None, *, provider: str, model: str) -> Spend:
        held = self._held.pop(call, None)
        if held is None:
            cost = None if usage is None else self._cost(self._priced(provider, model), usage)
            return Spend(usage=usage, cost_usd=None if cost is None else usd(cost[0]), price=cost[1] if cost else "")
        attempt, over = held.attempt(provider, model), False
        priced = attempt.priced if attempt.named(provider, model) else self._priced(provider, model)
        if usage is None:
            tokens, nano = attempt.bound("tokens"), attempt.bound("usd") if priced is not None else None
        else:
            tokens, over = usage.input_tokens + usage.output_tokens, attempt.passed_by(usage)
            nano = None if priced is None else priced.cost_nano(usage)
        lost = held.lost_bound("tokens"), held.lost_bound("usd")
        if over:
            _LOG.warning("upstream %s says that %s took more tokens than was possible: %s", provider, model, usage)
        if not self._closed:
            held.settle(attempt, {"usd": nano, "tokens": max(tokens, 0), "requests": 1})
            self._correct_tokens(held, max(tokens, 0) + lost[0])
        money, version = None if nano is None else usd(nano + lost[1]), "" if priced is None else priced.version
        return Spend(usage=usage, cost_usd=money, price=version, over_bound=over)

    def release(self, call: str) -> None:
        held = self._held.pop(call, None)
        if held is not None and not self._closed:
            held.release()
            self._correct_tokens(held, 0)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        await self._purses.close()
        self._rates.close()

    async def _room(self, charge: Charge, facts: KeyFacts, *, priced: Priced | None) -> Attempt:
        """Every purse that the call falls under, each with room for it."""
        while True:
            attempt = Attempt(charge, priced, await self._plan(charge, facts))
            held = self._held.get(charge.call) or Held(charge.caller)
            for purse in attempt.purses:
                if purse.unit == "usd" and priced is None:
                    raise _unpriced(charge, purse)
                need = held.missing(attempt, purse)
                if purse.closing or purse.free < need:
                    await self._make_room(purse, need)
                    break
            else:
                return attempt

    async def _make_room(self, purse: Purse, need: int) -> None:
        if purse.closing:
            self._plans.clear()
            return
        try:
            await self._purses.make_room(purse, need)
        except LoopwrightError as error:
            self._events.refused(purse, error)
            raise

    async def _plan(self, charge: Charge, facts: KeyFacts) -> tuple[Purse, ...]:
        """The purses of a call; remembered, as calls are much like one another."""
        known = (charge.caller, charge.endpoint, charge.user, charge.feature, charge.provider, charge.model)
        found = self._plans.get(known)
        now = self._clock.now()
        if found is not None and found[0] == facts and all(p.period.start <= now < p.period.end for p in found[1]):
            return found[1]
        marks = marks_of(charge, facts.team)
        rules = self._rules
        purses = tuple([await self._purses.open(one, one.subject(marks)) for one in rules.budgets if one.covers(marks)])
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        if rules is self._rules:
            self._plans[known] = (facts, purses)
        return purses

    def _priced(self, provider: str, model: str) -> Priced | None:
        return self._rules.prices.at(provider, model, self._clock.now()) or self._assumed

    def _cost(self, priced: Priced | None, usage: Usage) -> tuple[int, str] | None:
        return None if priced is None else (priced.cost_nano(usage), priced.version)

    def _take_tokens(self, charge: Charge, facts: KeyFacts, held: Held | None) -> int:
        if facts.tokens is None:
            return 0
        bound = (charge.input_tokens + charge.output_tokens) * (1 + charge.lost)
        wanted = bound - (held.tokens if held is not None else 0)
        return self._rates.take(charge.caller, facts.tokens, wanted) if wanted > 0 else 0

    def _correct_tokens(self, held: Held, used: int) -> None:
        if held.rate is not None:
            self._rates.correct(held.caller, held.rate, taken=held.tokens, used=used)

    async def _begin(self) -> None:
        self._tending = asyncio.create_task(self._tend())
        await self._follow()

    async def _follow(self) -> None:
        """Heed what somebody has set since."""
        if await asyncio.to_thread(read_revision, self._ledger) == self._rules.revision:
            return
        self._rules = await asyncio.to_thread(read_rules, self._ledger)
        self._plans.clear()
        self._purses.adopt({one.name: one for one in self._rules.budgets})

    async def _tend(self) -> None:
        """Until the meter is closed: heed news, tend purses, end what dead processes left, warn."""
        turn = 0
        while True:
            await asyncio.sleep(_TENDED_EVERY_S)
            turn += 1
            try:
                if turn % _FOLLOWED_EVERY == 0:
                    await self._follow()
                if len(self._purses):
                    await self._tend_purses(sweep=turn % _SWEPT_EVERY == 0)
            except (LoopwrightError, OSError) as error:
                _LOG.warning("budgets could not be tended, and will be again: %s", error)

    async def _tend_purses(self, *, sweep: bool) -> None:
        await self._purses.tend()
        if sweep:
            await asyncio.to_thread(end_leftovers, self._folder, self._accounts_of())
            await self._events.look(self._purses.used_since(self._machine.monotonic() - 2.0))


def open_meter(
    stores: Stores,
    *,
    clock: Clock,
    machine: Clock,
    worker: str,
    key_facts: Callable[[str], KeyFacts] | None = None,
    unknown_price_usd_per_mtok: float = 0.0,
) -> Meter:
    """A worker's meter; see `BudgetMeter`. Blocks for milliseconds; needs no event loop before the first call."""
    return BudgetMeter(
        stores, clock=clock, machine=machine, worker=worker, key_facts=key_facts,
        unknown_price_usd_per_mtok=unknown_price_usd_per_mtok,
    )  # fmt: skip


def _unpriced(charge: Charge, purse: Purse) -> PriceUnknownError:
    return PriceUnknownError(
        f"nobody knows what {charge.model} of {charge.provider} costs", why=f"budget {purse.budget.name} counts money",
        provider=charge.provider, model=charge.model, budget=purse.budget.name,
    )  # fmt: skip
