"""Looking at incidents: a line each, and one in full with what people said and who was told."""

from typing import get_args

import msgspec

from loopwright.app.monitor.incidents import KIND
from loopwright.app.monitor.words import silences, stored_incident, words_on
from loopwright.app.notify.outbox import Notification, as_shown, notifications
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.monitoring.incident import Incident, IncidentBook, State
from loopwright.monitoring.rules.rule import Severity
from loopwright.monitoring.silence import Silence, silencing
from loopwright.monitoring.word import IncidentWord, heeded

NEWEST = 50


class IncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """An incident at a glance; `silenced` names the silence that keeps it quiet, `looks` is how often checks failed."""

    id: str
    endpoint: str
    state: str
    severity: Severity
    owner: str | None
    cause: str
    checks: tuple[str, ...]
    columns: tuple[str, ...]
    opened_at: Micros
    updated_at: Micros
    looks: int
    silenced: str | None
    suspect: str | None


class IncidentList(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents, those that are not over first, and the silences that go on."""

    incidents: tuple[IncidentLine, ...]
    silences: tuple[Silence, ...]


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """An incident in full.

    Attributes:
        endpoint: Where.
        incident: As it stands, with words that are still to be heeded.
        silence: That keeps it quiet now.
        words: What people said, the oldest first.
        notifications: What was or is to be told, the newest first.
    """

    endpoint: str
    incident: Incident
    silence: Silence | None
    words: tuple[IncidentWord, ...]
    notifications: tuple[Notification, ...]


def incidents(
    workspace: Workspace, *, state: str | None = None, endpoint: str | None = None, limit: int = NEWEST
) -> IncidentList:
    """The newest incidents: all, or those in a state or of an endpoint. Raises UsageError for a state that is none."""
    if state is not None and state not in get_args(State):
        raise UsageError(f"there is no state {state!r}", fix=f"Use {', '.join(get_args(State))}.")
    where: dict[str, str | float | int | bool] = {}
    where |= {"state": state} if state else {}
    where |= {"endpoint": endpoint} if endpoint else {}
    quiet = silences(workspace)
    found = [
        _line(msgspec.convert(record.data, Incident), str(record.facets["endpoint"]), quiet, now=workspace.clock.now())
        for record in workspace.stores.ledger.search(KIND, where=where, limit=limit)
    ]
    return IncidentList(incidents=tuple(sorted(found, key=lambda line: line.state == "resolved")), silences=quiet)


def find_incident(workspace: Workspace, id_: str) -> IncidentView:
    """One incident, by its id or the beginning of it. Raises NotFoundError."""
    stored, endpoint = stored_incident(workspace, id_)
    words = words_on(workspace, stored.id)
    now = workspace.clock.now()
    stands = stored
    if stored.state != "resolved":
        book, said = heeded(IncidentBook(open={stored.cause: stored}), words, at=now)
        stands = said[0].incident if said else book.open[stored.cause]
    return IncidentView(
        endpoint=endpoint,
        incident=stands,
        silence=silencing(stands, silences(workspace), endpoint=endpoint, at=now),
        words=words,
        notifications=tuple(as_shown(one) for one in notifications(workspace, incident=stored.id)),
    )


def _line(incident: Incident, endpoint: str, quiet: tuple[Silence, ...], *, now: Micros) -> IncidentLine:
    silence = None if incident.state == "resolved" else silencing(incident, quiet, endpoint=endpoint, at=now)
    suspect = incident.explanation.suspect if incident.explanation else None
    return IncidentLine(
        id=incident.id,
        endpoint=endpoint,
        state=incident.state,
        severity=incident.severity,
        owner=incident.owner,
        cause=incident.cause,
        checks=incident.checks,
        columns=incident.columns,
        opened_at=incident.opened_at,
        updated_at=incident.updated_at,
        looks=sum(finding.failures for finding in incident.findings),
        silenced=silence.id if silence else None,
        suspect=suspect.said if suspect else None,
    )
