"""The figures of each day: the last verdicts of every rule, kept for reports; one record a day."""

from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.app.monitor.look import Judged
from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.rules.rule import DAY, MonitorRule
from loopwright.store.ledger import Ledger, Record

KIND = "watch_day"
MOST_VERDICTS = 500
"""Of one rule on one day."""
MOST_LETTERS = 1_000
"""Of a verdict's reason, which may quote what came in."""


def day_of(rule: MonitorRule, now: Micros) -> int:
    """The day (since 1970, UTC) that a look at `now` is about: the one in which the period that has ended began."""
    return (now - rule.period_us) // DAY


def with_looks(ledger: Ledger, endpoint: str, looks: dict[MonitorRule, Judged], *, now: Micros) -> list[Record]:
    """The records of the days that these looks are about, with the looks added to what the days had."""
    by_day: dict[int, dict[str, Any]] = {}
    for rule, judged in looks.items():
        day = day_of(rule, now)
        if day not in by_day:
            before = ledger.record(KIND, f"{endpoint}/{day}")
            by_day[day] = dict(before.data.get("rules", {})) if before else {}
        by_day[day][rule.name] = _added(by_day[day].get(rule.name, {}), judged)
    return [
        Record(
            kind=KIND,
            id=f"{endpoint}/{day}",
            data={"day": day, "rules": rules},
            facets={"endpoint": endpoint, "day": day},
            at=now,
        )
        for day, rules in by_day.items()
    ]


def verdicts_of(record: Record) -> list[dict[str, Any]]:
    """The verdicts of a day, as plain JSON, in the order of the loop file."""
    return _listed(record, "verdicts")


def reports_of(record: Record) -> list[dict[str, Any]]:
    """The report rule's verdicts of a day, as plain JSON."""
    return _listed(record, "reports")


def _listed(record: Record, part: str) -> list[dict[str, Any]]:
    if "rules" not in record.data:  # format 1 had one list of each
        return list(record.data.get(part, []))
    return [found for rule in record.data["rules"].values() for found in rule[part]]


def _most(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """At most `MOST_VERDICTS`, those that failed first, with short reasons: a storm makes no record without end."""
    kept = sorted(verdicts, key=lambda verdict: verdict.outcome is not Outcome.FAIL)[:MOST_VERDICTS]
    return [_short(verdict) for verdict in (verdicts if len(verdicts) <= MOST_VERDICTS else kept)]


def _short(verdict: Verdict) -> Verdict:
    if len(verdict.reason) <= MOST_LETTERS:
        return verdict
    return msgspec.structs.replace(verdict, reason=f"{verdict.reason[: MOST_LETTERS - 1]}…")


def _added(before: dict[str, Any], judged: Judged) -> dict[str, Any]:
    failed = any(verdict.outcome is Outcome.FAIL for verdict in judged.verdicts)
    return {
        "verdicts": msgspec.to_builtins(_most(judged.verdicts)),
        "reports": msgspec.to_builtins(_most(judged.reports)),
        "looks": before.get("looks", 0) + 1,
        "failed": before.get("failed", 0) + int(failed),
    }
