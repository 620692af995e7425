"""Give an account of a budget something back, where what was counted was never taken."""

from loopwright.app.budgets.declare import declared
from loopwright.app.budgets.standing import Standing, budget_views
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import digest_bytes
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.budgets.account import Accounts, account_key, known_as
from loopwright.llm.budgets.amount import Amount, shown
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.period import period_of


def credit(workspace: Workspace, name: str, amount: Amount, *, subject: str = "", reason: str) -> Standing:
    """Count so much less as spent in the running period, and record who says so and why.

    Args:
        workspace: Whose.
        name: The budget's.
        amount: How much, in the budget's unit; at most what was spent.
        subject: Whose account.
        reason: For the record.

    Returns:
        How the account stands then.

    Raises:
        NotFoundError: There is no such budget, or nothing was spent in that account.
        UsageError: The unit is another one, or less was spent.
    """
    budget = declared(workspace, name)
    before = _standing(workspace, budget, known_as(subject))
    if amount.unit != budget.unit:
        raise UsageError(f"budget {name} counts {budget.unit}, not {amount.unit}")
    if amount.value > before.spent:
        raise UsageError(f"{amount} cannot be credited", why=f"{shown(before.spent, before.unit)} were spent")
    period = period_of(budget.every, workspace.clock.now())
    key = account_key(budget, period, before.subject)
    draft = EventDraft(
        kind="budget_credited", subject=f"budget:{name}", actor=workspace.actor, logical_at=workspace.clock.now(),
        data={
            "account": digest_bytes(key.encode()), "period": period.label, "unit": amount.unit,
            "amount": amount.value, "reason": reason,
        },
    )  # fmt: skip
    # The record first: what a kill in between leaves is a credit that was announced and not given, never the reverse.
    workspace.stores.ledger.commit(events=[draft])
    Accounts(workspace.stores.kv).credit(key, amount.value, ends_at=period.end)
    return _standing(workspace, budget, before.subject)


def _standing(workspace: Workspace, budget: Budget, subject: str) -> Standing:
    (view,) = budget_views(workspace, [budget])
    for one in view.accounts:
        if one.subject == subject:
            return one
    raise NotFoundError(
        f"nothing was spent by {subject!r} of budget {budget.name} in this period",
        fix=f"Run `loopwright budget show {budget.name}` to see who has spent.",
    )
