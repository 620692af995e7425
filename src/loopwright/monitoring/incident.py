"""Incidents: one for each cause, however many columns, rules and windows speak of it. Pure: state in, state out.

The cause is named by the caller, as a rule the model version that is being watched: drift of five columns and a loss
of quality of one model are one incident, and one retrain answers it.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.ids import IdSource
from loopwright.core.verdict import Outcome, Verdict


State = Literal["open", "acknowledged", "mending", "resolved"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule holds against the stream: the figures of its strongest verdict, and all columns it has named."""

    check: str
    reason: str
    columns: tuple[str, ...]
    value: float | None
    threshold: float | None
    first_at: Micros
    last_at: Micros


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong, since `opened_at`, until it is resolved."""

    id: str
    cause: str
    opened_at: Micros
    updated_at: Micros
    findings: tuple[Finding, ...]
    state: State = "open"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column named, in the order in which they were."""
        return tuple(dict.fromkeys(column for finding in self.findings for column in finding.columns))

    @property
    def checks(self) -> tuple[str, ...]:
        """The rules that failed."""
        return tuple(finding.check for finding in self.findings)


class IncidentAction(msgspec.Struct, frozen=True, kw_only=True):
    """What changed: to be written to the journal as `incident_opened`, `incident_updated` or `incident_resolved`."""

    kind: Literal["incident_opened", "incident_updated", "incident_resolved"]
    incident: Incident
    reason: str


class IncidentBook(msgspec.Struct, frozen=True, kw_only=True):
    """The open incidents, by cause. Plain JSON."""

    open: dict[str, Incident] = {}


def record(
    book: IncidentBook, cause: str, verdicts: Sequence[Verdict], *, at: Micros, ids: IdSource
) -> tuple[IncidentBook, tuple[IncidentAction, ...]]:
    """The book after verdicts on one cause.

    A first failed verdict opens an incident; a failed rule or column that it did not name yet updates it; the same
    again only moves its `last_at` and is no action. Verdicts that do not fail change nothing: evidence that fades is
    no repair, `resolve` is.
    """
    failed = [verdict for verdict in verdicts if verdict.outcome is Outcome.FAIL]
    if not failed:
        return book, ()
    current = book.open.get(cause)
    if current is None:
        findings = _absorbed((), failed, at)
        opened = Incident(id=ids("inc"), cause=cause, opened_at=at, updated_at=at, findings=findings)
        reason = "; ".join(verdict.reason for verdict in failed)
        return _with(book, opened), (IncidentAction(kind="incident_opened", incident=opened, reason=reason),)
    grown = msgspec.structs.replace(current, updated_at=at, findings=_absorbed(current.findings, failed, at))
    news = _news(current, grown)
    action = IncidentAction(kind="incident_updated", incident=grown, reason=news)
    return _with(book, grown), (action,) if news else ()


def wants_retrain(incident: Incident) -> bool:
    """Whether a retrain may answer it: it is about the model, and no new version is being watched for having done so.

    What is about the service (`endpoint:NAME`) or about data that comes in (`dataset:NAME`) no training mends.
    """
    return incident.cause.startswith("version:") and incident.state != "mending"


def resolve(book: IncidentBook, cause: str, *, reason: str) -> tuple[IncidentBook, tuple[IncidentAction, ...]]:
    """The book after the cause was dealt with: a new champion, a retrain that was no better, a person's word."""
    current = book.open.get(cause)
    if current is None:
        return book, ()
    rest = {name: incident for name, incident in book.open.items() if name != cause}
    return IncidentBook(open=rest), (IncidentAction(kind="incident_resolved", incident=current, reason=reason),)


def _with(book: IncidentBook, incident: Incident) -> IncidentBook:
    return IncidentBook(open={**book.open, incident.cause: incident})


def _absorbed(findings: tuple[Finding, ...], failed: Sequence[Verdict], at: Micros) -> tuple[Finding, ...]:
    by_check = {finding.check: finding for finding in findings}
    for verdict in failed:
        by_check[verdict.check] = _strengthened(by_check.get(verdict.check), verdict, at)
    return tuple(by_check.values())


def _strengthened(before: Finding | None, verdict: Verdict, at: Micros) -> Finding:
    named = tuple(dict.fromkeys((*(before.columns if before else ()), *_columns(verdict))))
    return Finding(
        check=verdict.check,
        reason=verdict.reason,
        columns=named,
        value=verdict.value,
        threshold=verdict.threshold,
        first_at=before.first_at if before else at,
        last_at=at,
    )


def _columns(verdict: Verdict) -> list[str]:
    """The columns a drift verdict holds responsible, the strongest first."""
    named: list[str] = verdict.details.get("named", [])
    return named


def _news(before: Incident, after: Incident) -> str:
    rules = [check for check in after.checks if check not in before.checks]
    columns = [column for column in after.columns if column not in before.columns]
    said = [f"{', '.join(rules)} failed too"] if rules else []
    return "; ".join(said + ([f"{', '.join(columns)} moved too"] if columns else []))
