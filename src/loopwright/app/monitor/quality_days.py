"""The records of days' quality: one for each endpoint, rule, version and day."""

from collections.abc import Sequence

import msgspec

from loopwright.core.clock import Micros
from loopwright.monitoring.quality_day import QualityDay
from loopwright.monitoring.rules.rule import MonitorRule
from loopwright.store.ledger import Ledger, Record

KIND = "quality_day"
_MOST = 100_000


def quality_record(endpoint: str, rule: MonitorRule, found: QualityDay, *, now: Micros) -> Record:
    """A day's figures as the ledger keeps them; the same day is replaced."""
    return Record(
        kind=KIND,
        id=f"{endpoint}/{rule.name}/{found.version[:16]}/{found.day}",
        data=msgspec.to_builtins(found),
        facets={"endpoint": endpoint, "rule": rule.name, "version": found.version, "day": found.day},
        at=now,
    )


def quality_days(
    ledger: Ledger, endpoint: str, *, rule: str | None = None, version: str | None = None
) -> Sequence[QualityDay]:
    """The days of an endpoint, oldest first, with a day of two versions once for each.

    Args:
        ledger: Where they are kept.
        endpoint: Whose.
        rule: The name of the rule that they were kept for; all rules where None.
        version: Only those that this model answered.
    """
    where: dict[str, str | float | int | bool] = {"endpoint": endpoint}
    where |= {name: value for name, value in (("rule", rule), ("version", version)) if value is not None}
    found = ledger.search(KIND, where=where, order="day", limit=_MOST)
    return [msgspec.convert(record.data, QualityDay) for record in found]
