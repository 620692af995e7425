"""Events about budgets that come near their limit or have reached it: once for each account."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from loopwright.core.clock import Clock
from loopwright.core.events import EventDraft
from loopwright.core.hashing import digest_bytes
from loopwright.errors import BudgetExceededError, LoopwrightError
from loopwright.llm.budgets.account import Account, Accounts
from loopwright.llm.budgets.figures import Holders, figures_of, read_holders
from loopwright.llm.budgets.purse import Purse
from loopwright.store.ledger import Ledger

_LOG = logging.getLogger("loopwright.budgets")
_KINDS = {"warn": "budget_warned", "limit": "budget_refused"}


class BudgetEvents:
    """Looks at accounts now and then, and writes events. Lives on one event loop.

    Args:
        ledger: Where events go.
        accounts: Gives the home's accounts.
        folder: Where processes have their counters.
        actor: Who tells.
        clock: The workspace's.
    """

    def __init__(
        self, ledger: Ledger, accounts: Callable[[], Accounts], *, folder: Path, actor: str, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._folder = folder
        self._actor = actor
        self._clock = clock
        self._told: set[tuple[str, str]] = set()
        self._refused: dict[str, Purse] = {}

    def refused(self, purse: Purse, error: LoopwrightError) -> None:
        """Remember that a call was refused; told at the next look."""
        if isinstance(error, BudgetExceededError) and (purse.key, "limit") not in self._told:
            self._refused[purse.key] = purse

    async def look(self, purses: Sequence[Purse]) -> None:
        """Write the events that are due for accounts that were used lately."""
        refused, self._refused = self._refused, {}
        near = [purse for purse in purses if _may_warn(purse) and (purse.key, "warn") not in self._told]
        if refused or near:
            await asyncio.to_thread(self._look, list(refused.values()), near)

    def _look(self, refused: Sequence[Purse], near: Sequence[Purse]) -> None:
        accounts = self._accounts().read([purse.key for purse in (*refused, *near)])
        holders = read_holders(self._folder)
        for purse in refused:
            self._tell(purse, "limit", accounts=accounts, holders=holders)
        for purse in near:
            warn = purse.budget.warn
            figures = figures_of(purse.key, accounts.get(purse.key, Account()), holders)
            if warn is not None and figures.spent + figures.held >= warn * purse.budget.limit:
                self._tell(purse, "warn", accounts=accounts, holders=holders)

    def _tell(
        self, purse: Purse, what: Literal["warn", "limit"], *, accounts: dict[str, Account], holders: Holders
    ) -> None:
        self._told.add((purse.key, what))
        if not self._accounts().tell(purse.key, what, ends_at=purse.period.end):
            return
        figures = figures_of(purse.key, accounts.get(purse.key, Account()), holders)
        budget = purse.budget
        draft = EventDraft(
            kind=_KINDS[what], subject=f"budget:{budget.name}", actor=self._actor, logical_at=self._clock.now(),
            data={
                "account": digest_bytes(purse.key.encode()), "period": purse.period.label, "unit": budget.unit,
                "limit": budget.limit, "spent": figures.spent, "held": figures.held,
            },
        )  # fmt: skip
        self._ledger.commit(events=[draft])
        _LOG.warning("budget %s: %s", budget.name, "a call was refused" if what == "limit" else "its limit is near")


def _may_warn(purse: Purse) -> bool:
    """Whether so much was taken, idle slices among it, that the limit may be near."""
    warn = purse.budget.warn
    return warn is not None and purse.account.taken >= warn * purse.budget.limit
