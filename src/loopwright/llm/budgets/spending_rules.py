"""Budgets and prices as the ledger has them now."""

import msgspec

from loopwright.llm.budgets.budget import KIND, Budget
from loopwright.llm.prices.override import read_overrides
from loopwright.llm.prices.shipped import price_table
from loopwright.llm.prices.table import PriceTable
from loopwright.store.ledger import Ledger

REVISION_KIND = "spending"
REVISION_ID = "rules"
_MOST = 1_000_000


class SpendingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at one revision: every budget or price that somebody sets gives the rules a new one."""

    revision: str | None
    budgets: tuple[Budget, ...]
    prices: PriceTable


def read_revision(ledger: Ledger) -> str | None:
    """The revision that the ledger is at; None before anybody set anything."""
    record = ledger.record(REVISION_KIND, REVISION_ID)
    return None if record is None else str(record.data["revision"])


def read_rules(ledger: Ledger) -> SpendingRules:
    """What holds. The revision is read first: what is set meanwhile is read again at the next look."""
    revision = read_revision(ledger)
    return SpendingRules(revision=revision, budgets=read_budgets(ledger), prices=price_table(read_overrides(ledger)))


def read_budgets(ledger: Ledger) -> tuple[Budget, ...]:
    """The budgets that hold, by name."""
    found = (Budget.of(record.data) for record in ledger.search(KIND, limit=_MOST))
    return tuple(sorted((one for one in found if not one.removed), key=lambda one: one.name))
