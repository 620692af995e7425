"""How budgets stand: spent, set aside, left, and where the period will end."""

from collections.abc import Sequence

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.access import KIND as KEY_KIND
from loopwright.core.clock import Micros
from loopwright.llm.budgets.account import Account, Accounts
from loopwright.llm.budgets.amount import Unit
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.figures import Holders, figures_of, read_holders
from loopwright.llm.budgets.meter import FOLDER
from loopwright.llm.budgets.period import Period, period_of
from loopwright.llm.budgets.spending_rules import read_budgets

_LEAST_ELAPSED = 0.01


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a budget in its running period; amounts are in the budget's unit, billionths of a US dollar where
    that is usd.

    Attributes:
        budget: Its name.
        subject: Whose; empty for everybody together, or for calls that name nobody.
        name: The key's name where it is a key's.
        unit: What is counted.
        limit: The most.
        spent: By calls that have ended.
        held: Set aside for calls under way.
        left: What further calls may take.
        forecast: What will be spent at the end of the period if it goes on like this; None where it is too early to
            say, or where there is no end.
        since: When the period began.
        until: When it ends.
    """

    budget: str
    subject: str
    name: str
    unit: Unit
    limit: int
    spent: int
    held: int
    left: int
    forecast: int | None
    since: Micros
    until: Micros


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    """A budget with its accounts, those first that have most of their limit gone."""

    budget: Budget
    period: str
    accounts: tuple[Standing, ...]


def budget_views(workspace: Workspace, budgets: Sequence[Budget] | None = None) -> tuple[BudgetView, ...]:
    """Every budget, or these, as they stand now. Reads what running servers have in memory too."""
    chosen = read_budgets(workspace.stores.ledger) if budgets is None else budgets
    if not chosen:
        return ()
    holders = read_holders(workspace.home / FOLDER)
    accounts = Accounts(workspace.stores.kv)
    return tuple(_view(workspace, one, accounts, holders=holders) for one in chosen)


def _view(workspace: Workspace, budget: Budget, accounts: Accounts, *, holders: Holders) -> BudgetView:
    now = workspace.clock.now()
    period = period_of(budget.every, now)
    found = [
        _standing(workspace, budget, account, key=key, period=period, holders=holders)
        for key, account in accounts.of(budget, period).items()
    ]
    found.sort(key=lambda one: (-(one.spent + one.held), one.subject))
    return BudgetView(budget=budget, period=period.label, accounts=tuple(found))


def _standing(
    workspace: Workspace, budget: Budget, account: Account, *, key: str, period: Period, holders: Holders
) -> Standing:
    figures = figures_of(key, account, holders)
    return Standing(
        budget=budget.name, subject=account.subject, name=_name(workspace, budget, account.subject),
        unit=budget.unit, limit=budget.limit, spent=figures.spent, held=figures.held,
        left=max(budget.limit - figures.spent - figures.held, 0),
        forecast=forecast(figures.spent, period, workspace.clock.now()), since=period.start, until=period.end,
    )  # fmt: skip


def forecast(spent: int, period: Period, now: Micros) -> int | None:
    """What will be spent at the end of a period if it goes on as it has since its beginning."""
    elapsed = (now - period.start) / (period.end - period.start)
    if period.label == "all" or elapsed < _LEAST_ELAPSED:
        return None
    return round(spent / elapsed)


def _name(workspace: Workspace, budget: Budget, subject: str) -> str:
    if budget.per != "key":
        return ""
    record = workspace.stores.ledger.record(KEY_KIND, subject)
    return "" if record is None else str(record.data.get("name", ""))
