"""What every rule has said, day by day, from the records that the watcher keeps. Memory is bounded by the points drawn.

A record is read, used and let go of: five years of a thousand columns are gigabytes of JSON, and a report needs little.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.monitor.days import KIND, reports_of, verdicts_of
from loopwright.core.clock import Micros
from loopwright.monitoring.rules.rule import DAY, MonitorRule
from loopwright.store.ledger import Ledger, Record

LINES = 8
"""Columns whose effect is told over time."""
LISTED = 60
"""Entries of a list in a verdict's details that are kept."""
_SEQUENTIAL = "mean_time_between_false_alarms"
_OF_A_MEASURE = "mean_time_between_false_alarms_periods"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One check at the end of one day; `coverage` is the share of requests that had a label, where it says so."""

    at: Micros
    outcome: str
    value: float | None = None
    threshold: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    coverage: float | None = None


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one rule.

    Attributes:
        check: As in its verdicts.
        rule: The name of the rule that it is of.
        kind: The kind of rule, as `drift`.
        severity: Of the incidents that it opens; empty where the loop file no longer has the rule.
        owner: Who answers for them.
        opens: Whether a failure opens an incident; False for what only colours reports.
        sequential: Whether its figure is evidence that grows until an alarm, to be read as a share of the threshold.
        latest: Its last verdict, as plain JSON, its lists cut.
        period_us: How often it is looked at; a day where the loop file no longer has the rule.
        looks: How often it was looked at in the period, on days that are kept.
        failed: How many of these looks failed.
        points: A point a day.
    """

    check: str
    rule: str
    kind: str
    opens: bool
    sequential: bool
    latest: dict[str, Any]
    severity: str = ""
    owner: str | None = None
    period_us: Micros = DAY
    looks: int = 0
    failed: int = 0
    points: tuple[Point, ...] = ()


class ColumnLine(msgspec.Struct, frozen=True, kw_only=True):
    """How far one column was from its reference, at the end of each day."""

    column: str
    at: tuple[Micros, ...]
    effect: tuple[float, ...]


class RulesSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the days say: every check, and the columns that moved furthest."""

    rules: tuple[RuleView, ...] = ()
    lines: tuple[ColumnLine, ...] = ()
    days: int = 0
    first: Micros | None = None
    last: Micros | None = None


class _Check:
    """What is gathered of one check."""

    def __init__(self, rule: str, *, opens: bool) -> None:
        self.rule = rule
        self.opens = opens
        self.latest: dict[str, Any] = {}
        self.points: list[Point] = []
        self.looks = 0
        self.failed = 0
        self.sequential = False

    def add(self, verdict: dict[str, Any], at: Micros) -> None:
        low, high = verdict.get("interval") or (None, None)
        details = verdict.get("details") or {}
        self.sequential = self.sequential or figure_is_evidence(details)
        self.latest = {**verdict, "at": at}
        self.points.append(
            Point(
                at=at,
                outcome=verdict["outcome"],
                value=verdict.get("value"),
                threshold=verdict.get("threshold"),
                low=low,
                high=high,
                n=verdict.get("n"),
                coverage=_number(details.get("coverage")),
            )
        )


def figure_is_evidence(details: Mapping[str, Any]) -> bool:
    """Whether a verdict's figure is evidence, by its details: a drift's is; of a measure it is the measured figure."""
    return any(name.startswith(_SEQUENTIAL) for name in details) and _OF_A_MEASURE not in details


def rules_seen(
    ledger: Ledger, endpoint: str, *, since: Micros, until: Micros, rules: Sequence[MonitorRule] = ()
) -> RulesSeen:
    """Read the days of a span.

    Args:
        ledger: The home's.
        endpoint: Whose days.
        since, until: Half-open; every day counts that any part of it touches.
        rules: The loop file's, for kinds, severities and owners.
    """
    checks: dict[tuple[str, bool], _Check] = {}
    lines: dict[str, tuple[array[int], array[float]]] = {}
    ends: list[Micros] = []
    for record in days_between(ledger, endpoint, since=since, until=until):
        at = end_of(record)
        ends.append(at)
        _add_day(checks, record, at)
        for report in reports_of(record):
            _add_columns(lines, report, at)
    known = {rule.name: rule for rule in rules}
    furthest = sorted(lines, key=lambda column: -max(lines[column][1]))[:LINES]
    return RulesSeen(
        rules=tuple(_view(check, found, known) for (check, _), found in checks.items()),
        lines=tuple(ColumnLine(column=c, at=tuple(lines[c][0]), effect=tuple(lines[c][1])) for c in furthest),
        days=len(ends),
        first=ends[0] if ends else None,
        last=ends[-1] if ends else None,
    )


def days_between(ledger: Ledger, endpoint: str, *, since: Micros, until: Micros) -> Iterator[Record]:
    """The days that a half-open span touches, in order; one record is in memory at a time."""
    where = {"endpoint": endpoint}
    bounds = [ledger.search(KIND, where=where, order=order, limit=1) for order in ("day", "-day")]
    if not all(bounds):
        return
    first, last = (int(found[0].data["day"]) for found in bounds)
    for day in range(max(first, since // DAY), min(last, (until - 1) // DAY) + 1):
        record = ledger.record(KIND, f"{endpoint}/{day}")
        if record is not None:
            yield record


def end_of(record: Record) -> Micros:
    """The end of a record's day; of a day that is not over, when it was last looked at."""
    day = int(record.data["day"])
    return min((day + 1) * DAY, max(record.at, day * DAY))


def effect_of(entry: Mapping[str, Any]) -> float | None:
    """How far a column is from its reference, by a report's line about it: its strongest tested effect, in floors.

    Lines of earlier versions say one effect, in total variation.
    """
    effects = [one for one in entry.get("effects") or () if isinstance(one, Mapping)]
    tested = [
        one for one in effects if _number(one.get("p_value")) is not None and _number(one.get("effect")) is not None
    ]
    if tested:
        return max(abs(float(one["effect"])) / float(one.get("floor") or 1.0) for one in tested)
    return 0.0 if effects else _number(entry.get("effect", entry.get("total_variation")))


def cut(value: Any, *, most: int = LISTED) -> Any:
    """Plain JSON with every list cut to its first entries and every text to a thousand letters."""
    if isinstance(value, dict):
        return {name: cut(inner, most=most) for name, inner in list(value.items())[: 4 * most]}
    if isinstance(value, list | tuple):
        return [cut(inner, most=most) for inner in value[:most]]
    return value[:1_000] if isinstance(value, str) else value


def _add_day(checks: dict[tuple[str, bool], _Check], record: Record, at: Micros) -> None:
    by_rule = record.data.get("rules")
    if by_rule is None:  # format 1 had one list of each
        by_rule = {"": {"verdicts": verdicts_of(record), "reports": reports_of(record)}}
    for name, said in by_rule.items():
        for opens, part in ((True, "verdicts"), (False, "reports")):
            for verdict in said.get(part, ()):
                found = checks.setdefault((verdict["check"], opens), _Check(name or verdict["check"], opens=opens))
                found.add(verdict, at)
                found.looks += int(said.get("looks", 1))
                found.failed += int(said.get("failed", 0)) if opens else 0


def _add_columns(lines: dict[str, tuple["array[int]", "array[float]"]], report: dict[str, Any], at: Micros) -> None:
    for entry in (report.get("details") or {}).get("columns") or ():
        effect = effect_of(entry) if isinstance(entry, dict) else None
        if effect is not None:
            times, effects = lines.setdefault(entry["column"], (array("q"), array("d")))
            times.append(at)
            effects.append(effect)


def _view(check: str, found: _Check, known: Mapping[str, MonitorRule]) -> RuleView:
    rule = known.get(found.rule)
    return RuleView(
        check=check,
        rule=found.rule,
        kind=str(rule.__struct_config__.tag) if rule else found.rule.partition("(")[0],
        severity=rule.severity if rule else "",
        owner=rule.owner if rule else None,
        period_us=rule.period_us if rule else DAY,
        opens=found.opens,
        sequential=found.sequential,
        latest=cut(found.latest),
        looks=found.looks,
        failed=found.failed,
        points=tuple(found.points),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
