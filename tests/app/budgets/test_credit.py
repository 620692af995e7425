import asyncio
from typing import Any

import pytest

from loopwright.app.budgets.credit import credit
from loopwright.app.budgets.declare import set_budget
from loopwright.app.workspace import Workspace
from loopwright.errors import BudgetExceededError, NotFoundError, UsageError
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.amount import Amount
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.meter import open_meter
from loopwright.llm.metering import Charge, Meter

Project = Any


def charge(call: str, tokens: int) -> Charge:
    return Charge(call=call, endpoint="e", caller="home", provider="p", model="m", input_tokens=tokens, output_tokens=0)


def spend(workspace: Workspace, tokens: int) -> None:
    set_budget(workspace, Budget(name="b", limit=1000, unit="tokens", per="key", every="total"))

    async def play() -> None:
        meter = open_meter(workspace.stores, clock=workspace.clock, machine=workspace.machine, worker="w")
        await took(meter, "a", tokens)
        await meter.close()

    asyncio.run(play())


async def took(meter: Meter, call: str, tokens: int) -> None:
    await meter.reserve(charge(call, 10))
    meter.settle(call, Usage(input_tokens=tokens), provider="p", model="m")


def test_what_an_upstream_made_up_is_credited_while_servers_run_and_calls_pass_again(bare: Project) -> None:
    workspace = bare.workspace()
    set_budget(workspace, Budget(name="b", limit=1000, unit="tokens", per="key", every="total"))

    async def play() -> None:
        meter = open_meter(workspace.stores, clock=workspace.clock, machine=workspace.machine, worker="w")
        await took(meter, "a", 10**6)
        await asyncio.sleep(0.3)
        with pytest.raises(BudgetExceededError):
            await meter.reserve(charge("b", 10))
        after = credit(workspace, "b", Amount.parse("999995tokens"), subject="home", reason="a false count")
        assert (after.spent, after.left) == (5, 995)
        await asyncio.sleep(0.1)
        await took(meter, "c", 7)
        await meter.close()

    asyncio.run(play())
    told = next(event for event in workspace.stores.ledger.read() if event.kind == "budget_credited")
    assert (told.data["amount"], told.data["reason"]) == (999_995, "a false count")
    assert credit(workspace, "b", Amount.parse("12tokens"), subject="home", reason="all").spent == 0


@pytest.mark.parametrize(
    ("name", "amount", "subject", "kind"),
    [
        ("b", "51tokens", "home", UsageError),
        ("b", "1usd", "home", UsageError),
        ("b", "1tokens", "key_none", NotFoundError),
        ("c", "1tokens", "home", NotFoundError),
    ],
)
def test_what_was_not_spent_is_not_credited_and_nothing_is_recorded(
    bare: Project, name: str, amount: str, subject: str, kind: type[Exception]
) -> None:
    workspace = bare.workspace()
    spend(workspace, 50)
    with pytest.raises(kind):
        credit(workspace, name, Amount.parse(amount), subject=subject, reason="no")
    assert [event.kind for event in workspace.stores.ledger.read()] == ["budget_set"]
