"""Incidents of a period and what was done about them, as a report tells them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.app.monitor.report_rules import cut
from loopwright.app.trace import journal
from loopwright.core.clock import Micros
from loopwright.store.ledger import Ledger, Record

SHOWN = 60
EVENTS = 200
_KINDS = frozenset(
    {
        "incident_opened", "incident_updated", "incident_resolved", "incident_reopened", "retrain_decided",
        "retrain_finished", "release_started", "release_finished", "arm_tripped", "override_recorded",
    }
)  # fmt: skip
_OURS = ("model", "loop", "endpoint")


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """One incident.

    Attributes:
        id: Its id, for `loopwright trace incident:ID`.
        state: `open`, `acknowledged`, `mending` or `resolved`.
        cause: What it is about.
        severity: As it stands.
        owner: Who answers for it.
        opened_at, updated_at: When it opened, and when something was last said of it.
        resolved_at: When it ended; None while it has not.
        checks: The rules that failed.
        columns: The columns that they name.
        reason: What the strongest finding says.
        explained: Root cause, as it was stored: ranked columns, segments, changes upstream.
    """

    id: str
    state: str
    cause: str
    severity: str
    owner: str | None
    opened_at: Micros
    updated_at: Micros
    resolved_at: Micros | None
    checks: tuple[str, ...]
    columns: tuple[str, ...]
    reason: str
    explained: dict[str, Any] = {}


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the period that a picture marks or a table lists."""

    at: Micros
    seq: int
    kind: str
    subject: str
    outcome: str = ""
    text: str = ""


class IncidentsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents, the newest first and at most `SHOWN`, and how many there are in each state of all of the period."""

    incidents: tuple[IncidentView, ...] = ()
    by_state: dict[str, int] = {}
    happenings: tuple[Happening, ...] = ()


def incidents_seen(ledger: Ledger, endpoint: str, *, since: Micros, until: Micros) -> IncidentsSeen:
    """Incidents that were open at any time of a half-open span, and the events of that span."""
    found = [
        view
        for record in ledger.search("incident", where={"endpoint": endpoint}, limit=10_000)
        if (view := incident_view(record)).opened_at < until and (view.resolved_at is None or view.resolved_at >= since)
    ]
    by_state: dict[str, int] = {}
    for view in found:
        by_state[view.state] = by_state.get(view.state, 0) + 1
    found.sort(key=lambda view: (view.state == "resolved", -view.opened_at))
    happened = [
        Happening(
            at=event.logical_at,
            seq=event.seq,
            kind=event.kind,
            subject=event.subject,
            outcome=str(event.data.get("outcome") or event.data.get("decision") or ""),
            text=str(event.data.get("reason") or event.data.get("why") or "")[:400],
        )
        for event in journal(ledger)
        if event.kind in _KINDS and since <= event.logical_at < until and concerns(event.subject, event.data, endpoint)
    ]
    return IncidentsSeen(incidents=tuple(found[:SHOWN]), by_state=by_state, happenings=tuple(happened[-EVENTS:]))


def concerns(subject: str, data: Mapping[str, Any], endpoint: str) -> bool:
    """Whether an event is about an endpoint, its model or its loop."""
    kind, _, about = subject.partition(":")
    return data.get("endpoint") == endpoint or (kind in _OURS and about.partition("@")[0] == endpoint)


def incident_view(record: Record) -> IncidentView:
    """An incident's record for a reader; records of earlier versions lack some of it."""
    data, facets = record.data, record.facets
    findings = list(data.get("findings") or ())
    state = str(facets.get("state") or data.get("state") or "open")
    columns = dict.fromkeys(column for finding in findings for column in finding.get("columns") or ())
    explained = {
        name: cut(data[name], most=20)
        for name in ("root_cause", "explanation", "explained", "upstream")
        if data.get(name)
    }
    resolved = data.get("resolved_at") or (record.at if state == "resolved" else None)
    return IncidentView(
        id=record.id,
        state=state,
        cause=str(data.get("cause", "")),
        severity=str(data.get("severity") or facets.get("severity") or "warning"),
        owner=data.get("owner"),
        opened_at=int(data.get("opened_at", record.at)),
        updated_at=int(data.get("updated_at", record.at)),
        resolved_at=resolved,
        checks=tuple(finding["check"] for finding in findings)[:40],
        columns=tuple(columns)[:40],
        reason="; ".join(str(finding.get("reason", "")) for finding in findings)[:600],
        explained=explained,
    )
