"""A budget as it is declared: how much, for whom each, in which period, of which calls."""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.budgets.amount import Amount, Unit
from loopwright.llm.budgets.period import EVERY, Every
from loopwright.llm.metering import Charge

KIND = "budget"
Per = Literal["all", "key", "user", "team", "feature", "endpoint", "model"]
PER: tuple[Per, ...] = get_args(Per)
_WHERE = (*PER[1:], "provider")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """One budget. A call falls under every budget whose `where` it meets.

    Attributes:
        name: Unique within the home.
        limit: The most of `unit` in one period, for each: billionths of a US dollar, tokens or requests.
        unit: What is counted.
        per: For whom each: every key, user, team, feature, endpoint or model has the whole limit for itself, and calls
            that name none have one together; `all`: everybody together.
        every: When it begins anew.
        where: Which calls, as `{"team": "pricing"}`; all of these must be met. Empty: every call.
        warn: Share of the limit from which an event warns; None: none does.
        removed: Whether it was taken back; what it counted is kept.
    """

    name: str
    limit: int
    unit: Unit
    per: Per = "all"
    every: Every = "month"
    where: dict[str, str] = {}
    warn: float | None = 0.8
    removed: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} is not a name for a budget", why="a name is up to 64 of a-z, 0-9, '.', '_' and '-'"
            )
        if self.limit <= 0:
            raise UsageError(f"the limit of budget {self.name} is {self.limit}", why="it is more than nothing")
        if self.per not in PER or self.every not in EVERY:
            raise UsageError(
                f"budget {self.name} is per {self.per} and every {self.every}",
                why=f"per is one of {', '.join(PER)}; every one of {', '.join(EVERY)}",
            )
        unknown = sorted(set(self.where) - set(_WHERE))
        if unknown:
            raise UsageError(
                f"budget {self.name} has the condition {unknown[0]!r}", why=f"there are: {', '.join(_WHERE)}"
            )
        if self.warn is not None and not 0.0 < self.warn <= 1.0:
            raise UsageError(f"budget {self.name} warns at {self.warn}", why="it is a share above 0 and up to 1")

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Budget":
        """Read a record's data."""
        return msgspec.convert(data, cls)

    @property
    def amount(self) -> Amount:
        """The limit with its unit."""
        return Amount(value=self.limit, unit=self.unit)

    def covers(self, marks: Mapping[str, str]) -> bool:
        """Whether a call with these marks falls under it."""
        return all(marks[name] == value for name, value in self.where.items())

    def subject(self, marks: Mapping[str, str]) -> str:
        """Who has the limit that such a call counts against; empty for everybody together and for nobody named."""
        return "" if self.per == "all" else marks[self.per]


def marks_of(charge: Charge, team: str) -> dict[str, str]:
    """What budgets tell calls apart by."""
    return {
        "key": charge.caller,
        "user": charge.user,
        "team": team,
        "feature": charge.feature,
        "endpoint": charge.endpoint,
        "model": charge.model,
        "provider": charge.provider,
    }
