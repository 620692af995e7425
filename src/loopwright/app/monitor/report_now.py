"""How monitoring stands at this moment, small enough to be read every fifteen seconds: what Prometheus is given."""

from collections import Counter
from collections.abc import Sequence
from threading import Lock

import msgspec

from loopwright.app.monitor.report_incidents import concerns
from loopwright.app.monitor.report_rules import RuleView, effect_of, rules_seen
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import Event
from loopwright.monitoring.rules.rule import DAY, SEVERITIES, MonitorRule
from loopwright.store.ledger import Ledger

DAYS = 8
"""How far back a rule's last word is looked for: a weekly one still speaks."""
COLUMNS = 50
LIVE = ("open", "acknowledged", "mending")
_PAGE = 5_000
_COUNTED = {
    "incident_opened": "",
    "incident_resolved": "",
    "retrain_decided": "decision",
    "retrain_finished": "outcome",
    "release_finished": "outcome",
}
"""Events that are counted, and which of their facts they are told apart by."""


_FORESEEN = {
    "incident_opened": ("",),
    "incident_resolved": ("",),
    "retrain_decided": ("run", "suppressed", "suggested"),
    "retrain_finished": ("released", "rejected", "inconclusive", "failed"),
    "release_finished": ("promoted", "rolled_back", "inconclusive", "aborted"),
}
"""Counted from zero on: a counter that first appears at one has never risen, and no rule on its rise would speak."""


class CheckNow(msgspec.Struct, frozen=True, kw_only=True):
    """One check's last word; see `RuleView`. `coverage` is the share of requests with a label, where it says so."""

    check: str
    severity: str
    owner: str
    outcome: str
    at: Micros
    period_us: Micros
    sequential: bool
    value: float | None = None
    threshold: float | None = None
    coverage: float | None = None


class MonitorNow(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint.

    Attributes:
        endpoint: Its name.
        champion: The version that answers; None where there is none.
        checks: Of the rules that open incidents.
        columns: The columns furthest from the reference and how far, at most `COLUMNS`.
        moved: How many columns the report rule calls moved.
        incidents: Those that are not resolved: severity, state, how many; zeros included.
        notifications: Messages that failed or wait: channel, state, how many.
    """

    endpoint: str
    champion: str | None
    checks: tuple[CheckNow, ...] = ()
    columns: tuple[tuple[str, float], ...] = ()
    moved: int = 0
    incidents: tuple[tuple[str, str, int], ...] = ()
    notifications: tuple[tuple[str, str, int], ...] = ()


def monitor_now(workspace: Workspace, endpoint: str, rules: Sequence[MonitorRule] = ()) -> MonitorNow:
    """Read it; a handful of records, however long the home has been there."""
    ledger, now = workspace.stores.ledger, workspace.clock.now()
    seen = rules_seen(ledger, endpoint, since=now - DAYS * DAY, until=now + DAY, rules=rules)
    reports = [rule for rule in seen.rules if not rule.opens]
    lines = [line for rule in reports for line in (rule.latest.get("details") or {}).get("columns") or ()]
    effects = {str(line["column"]): effect_of(line) for line in lines if isinstance(line, dict) and "column" in line}
    ranked = sorted(((name, effect) for name, effect in effects.items() if effect is not None), key=lambda one: -one[1])
    return MonitorNow(
        endpoint=endpoint,
        champion=champion_of(workspace, endpoint),
        checks=tuple(_check(rule) for rule in seen.rules if rule.opens),
        columns=tuple(ranked[:COLUMNS]),
        moved=sum(bool(line.get("moved")) for line in lines if isinstance(line, dict)),
        incidents=_incidents(ledger, endpoint),
        notifications=_notifications(ledger),
    )


def _check(rule: RuleView) -> CheckNow:
    last = rule.points[-1]
    return CheckNow(
        check=rule.check,
        severity=rule.severity,
        owner=rule.owner or "",
        outcome=last.outcome,
        at=last.at,
        period_us=rule.period_us,
        sequential=rule.sequential,
        value=last.value,
        threshold=last.threshold,
        coverage=last.coverage,
    )


def _incidents(ledger: Ledger, endpoint: str) -> tuple[tuple[str, str, int], ...]:
    counts = Counter(
        (str(record.data.get("severity") or "warning"), state)
        for state in LIVE
        for record in ledger.search("incident", where={"endpoint": endpoint, "state": state}, limit=_PAGE)
    )
    return tuple((severity, state, counts[severity, state]) for severity in SEVERITIES for state in LIVE)


def _notifications(ledger: Ledger) -> tuple[tuple[str, str, int], ...]:
    counts = Counter(
        (str(record.facets.get("channel", "")), state)
        for state in ("waiting", "given_up")
        for record in ledger.search("notification", where={"state": state}, limit=_PAGE)
    )
    return tuple((channel, state, count) for (channel, state), count in sorted(counts.items()))


class JournalCounts:
    """How often what has happened to an endpoint, counted from the journal: a restart loses no count.

    Reads each event once, so that a scrape costs what is new. Safe from several threads.
    """

    def __init__(self, ledger: Ledger, endpoint: str) -> None:
        self._ledger = ledger
        self._endpoint = endpoint
        self._after = 0
        self._counts: Counter[tuple[str, str]] = Counter(
            {(kind, came_to): 0 for kind, foreseen in _FORESEEN.items() for came_to in foreseen}
        )
        self._lock = Lock()

    def counts(self) -> dict[tuple[str, str], int]:
        """By kind of event and by what it came to (empty where nothing tells them apart)."""
        with self._lock:
            while page := self._ledger.read(after=self._after, limit=_PAGE):
                self._counts.update(counted for event in page if (counted := self._came_to(event)) is not None)
                self._after = page[-1].seq
            return dict(self._counts)

    def _came_to(self, event: Event) -> tuple[str, str] | None:
        if event.kind not in _COUNTED or not concerns(event.subject, event.data, self._endpoint):
            return None
        fact = _COUNTED[event.kind]
        return event.kind, str(event.data.get(fact, "")) if fact else ""
