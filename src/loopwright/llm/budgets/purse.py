"""What this process may spend of one account without asking anybody."""

import asyncio

from loopwright.core.clock import iso
from loopwright.errors import BudgetExceededError
from loopwright.llm.budgets.account import Account
from loopwright.llm.budgets.amount import shown
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.counters import Counter
from loopwright.llm.budgets.period import Period


class Purse:
    """A lease of an account, and what is spent and set aside of it. Lives on one event loop.

    Attributes:
        key: The account's.
        budget: As it is declared now.
        leased: What the account says that this process has; never more than that.
        left: What nobody had when the account was last asked.
        account: As it was then.
        needs: What calls wait for.
        lock: Held while the account is being changed.
        closing: It must not be used any more.
        unwelcome: Give back what is free: the limit has changed.
        used_at: When a call last set something aside, in monotonic seconds.
        refused_until: Until when a call that needs as much as `refused` is refused without asking.
    """

    __slots__ = (
        "account", "budget", "closing", "counter", "growing", "key", "leased", "left", "lock", "needs", "period",
        "refused", "refused_until", "subject", "unit", "unwelcome", "used_at",
    )  # fmt: skip

    def __init__(self, *, key: str, budget: Budget, period: Period, subject: str, counter: Counter) -> None:
        self.key = key
        self.budget = budget
        self.unit = budget.unit
        self.period = period
        self.subject = subject
        self.counter = counter
        self.leased = 0
        self.left = 0
        self.account = Account()
        self.needs: list[int] = []
        self.lock = asyncio.Lock()
        self.growing: asyncio.Task[None] | None = None
        self.closing = False
        self.unwelcome = False
        self.used_at = 0.0
        self.refused = 0
        self.refused_until = 0.0

    @property
    def free(self) -> int:
        """What a call may set aside at once; below 0 where calls took more than was set aside for them."""
        return self.leased - self.counter.spent - self.counter.reserved

    @property
    def quiet(self) -> bool:
        """Whether no call waits for it and nobody is changing it."""
        return not self.needs and not self.lock.locked()

    def refusal(self, amount: int) -> BudgetExceededError:
        """What a call is told that needs more than there is."""
        budget, unit = self.budget, self.budget.unit
        whose = f" for this {budget.per}" if budget.per != "all" else ""
        again = "" if budget.every == "total" else iso(self.period.end)
        return BudgetExceededError(
            f"the call could pass budget {budget.name}: {budget.amount} {_EVERY[budget.every]}{whose}",
            why=f"the call may take {shown(amount, unit)}, and {shown(max(self.left + self.free, 0), unit)} are left",
            budget=budget.name, unit=unit, limit=budget.limit, needed=amount, left=max(self.left + self.free, 0),
            resets_at=again,
        )  # fmt: skip


_EVERY = {"day": "a day", "week": "a week", "month": "a month", "total": "in all"}
