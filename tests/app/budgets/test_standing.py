import asyncio
from datetime import UTC, datetime
from typing import Any

from loopwright.app.budgets.declare import set_budget
from loopwright.app.budgets.standing import budget_views, forecast
from loopwright.app.keys import new_key
from loopwright.core.clock import micros
from loopwright.llm.ask import Usage
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.meter import open_meter
from loopwright.llm.budgets.period import period_of
from loopwright.llm.metering import Charge

Project = Any


def charge(call: str, caller: str, tokens: int) -> Charge:
    return Charge(call=call, endpoint="e", caller=caller, provider="p", model="m", input_tokens=tokens, output_tokens=0)


def test_accounts_show_what_is_spent_held_and_left_while_a_server_runs_and_after(bare: Project) -> None:
    workspace = bare.workspace()
    key = new_key(workspace, "shop").id
    set_budget(workspace, Budget(name="b", limit=1000, unit="tokens", per="key", every="total"))

    async def play() -> None:
        meter = open_meter(workspace.stores, clock=workspace.clock, machine=workspace.machine, worker="w")
        await meter.reserve(charge("a", key, 100))
        meter.settle("a", Usage(input_tokens=60), provider="p", model="m")
        await meter.reserve(charge("b", key, 300))
        await meter.reserve(charge("c", "home", 10))
        (view,) = budget_views(workspace)
        assert [(one.name, one.subject, one.spent, one.held, one.left) for one in view.accounts] == [
            ("shop", key, 60, 300, 640),
            ("", "home", 0, 10, 990),
        ]
        meter.release("b")
        meter.release("c")
        await meter.close()

    asyncio.run(play())
    (view,) = budget_views(workspace)
    assert [(one.spent, one.held, one.left) for one in view.accounts] == [(60, 0, 940), (0, 0, 1000)]


def test_without_budgets_there_is_nothing_to_see(bare: Project) -> None:
    assert budget_views(bare.workspace()) == ()


def test_a_forecast_goes_on_as_the_period_has_gone_so_far() -> None:
    def at(*when: int) -> int:
        return micros(datetime(*when, tzinfo=UTC))

    day = period_of("day", at(2026, 11, 20))
    assert forecast(100, day, at(2026, 11, 20, 6)) == 400
    assert forecast(100, day, at(2026, 11, 20, 0, 1)) is None
    assert forecast(100, period_of("total", at(2026, 11, 20)), at(2026, 11, 20)) is None
