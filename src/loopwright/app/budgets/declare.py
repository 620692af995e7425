"""Declare budgets and take them back: records of the ledger, heeded by running servers within a second."""

from collections.abc import Sequence

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.access import KIND as KEY_KIND
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.errors import NotFoundError
from loopwright.llm.budgets.budget import KIND, Budget
from loopwright.llm.budgets.spending_rules import REVISION_ID, REVISION_KIND
from loopwright.store.ledger import Record

_WITHOUT_KEY = ("home", "anyone")


def set_budget(workspace: Workspace, budget: Budget) -> Budget:
    """Declare a budget, or change the one of this name; what it has counted in the running period stays.

    Raises:
        NotFoundError: It names a key that there is not.
    """
    key = budget.where.get("key")
    if key is not None and key not in _WITHOUT_KEY and workspace.stores.ledger.record(KEY_KIND, key) is None:
        raise NotFoundError(f"there is no key {key!r}", fix="Run `loopwright key list`.")
    records, events = budget_writes(workspace, [budget])
    workspace.stores.ledger.commit(records=records, events=events)
    return budget


def remove_budget(workspace: Workspace, name: str) -> Budget:
    """Take a budget back; what it has counted stays, should it be declared again in the same period.

    Raises:
        NotFoundError: There is no such budget.
    """
    gone = msgspec.structs.replace(declared(workspace, name), removed=True)
    records, events = budget_writes(workspace, [gone])
    workspace.stores.ledger.commit(records=records, events=events)
    return gone


def declared(workspace: Workspace, name: str) -> Budget:
    """One budget.

    Raises:
        NotFoundError: There is no such budget.
    """
    record = workspace.stores.ledger.record(KIND, name)
    found = None if record is None else Budget.of(record.data)
    if found is None or found.removed:
        raise NotFoundError(f"there is no budget {name!r}", fix="Run `loopwright budget list`.")
    return found


def budget_writes(workspace: Workspace, budgets: Sequence[Budget]) -> tuple[list[Record], list[EventDraft]]:
    """What a commit has to hold so that these budgets are declared, or taken back where they say so."""
    now = workspace.clock.now()
    records = [
        Record(kind=KIND, id=one.name, data=msgspec.to_builtins(one), facets={"removed": one.removed}, at=now)
        for one in budgets
    ]
    events = [
        EventDraft(
            kind="budget_removed" if one.removed else "budget_set", subject=f"budget:{one.name}",
            data={"limit": one.limit, "unit": one.unit, "per": one.per, "every": one.every, "where": one.where},
            actor=workspace.actor, logical_at=now,
        )
        for one in budgets
    ]  # fmt: skip
    return [*records, revision(workspace, now)], events


def revision(workspace: Workspace, now: Micros) -> Record:
    """By which servers see that budgets or prices have changed."""
    return Record(kind=REVISION_KIND, id=REVISION_ID, data={"revision": workspace.ids("rev")}, at=now)
