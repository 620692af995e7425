import asyncio
from pathlib import Path

from loopwright.errors import StoreBusyError
from loopwright.llm.budgets.account import Accounts
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.budget_events import BudgetEvents
from loopwright.llm.budgets.purse import Purse
from loopwright.llm.budgets.purses import Purses
from loopwright.store.backends.memory_kv import MemoryKeyValues
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock


def test_an_event_tells_how_the_account_stands_and_not_whose_it_is(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger, accounts = MemoryLedger(clock=clock), Accounts(MemoryKeyValues(clock=clock))
    budget = Budget(name="b", limit=100, unit="tokens", per="user", every="day", warn=0.5)

    def events() -> BudgetEvents:
        return BudgetEvents(ledger, lambda: accounts, folder=tmp_path, actor="worker:w", clock=clock)

    async def play() -> None:
        purses = Purses(lambda: accounts, folder=tmp_path, holder="a", clock=clock, machine=clock)
        purse = await purses.open(budget, "ann@example.org")
        await purses.make_room(purse, 60)
        one, other = events(), events()
        await one.look([purse])
        assert ledger.read() == ()  # leased, and not spent
        purse.counter.reserve(50)
        purse.counter.settle(10, 10)
        for teller in (one, other, one):
            await teller.look([purse])
        one.refused(purse, StoreBusyError("no answer"))
        await one.look([])
        assert [event.kind for event in ledger.read()] == ["budget_warned"]
        await told_of_a_refusal(purse, one, other)
        await purses.close()

    async def told_of_a_refusal(purse: Purse, one: BudgetEvents, other: BudgetEvents) -> None:
        for teller in (one, one, other):
            teller.refused(purse, purse.refusal(99))
            await teller.look([])

    asyncio.run(play())
    warned, refused = ledger.read()
    assert refused.kind == "budget_refused"
    assert (warned.subject, warned.actor) == ("budget:b", "worker:w")
    data = {name: value for name, value in warned.data.items() if name != "account"}
    assert data == {"period": "2026-01-01", "unit": "tokens", "limit": 100, "spent": 10, "held": 40}
    assert "ann" not in str(warned)
