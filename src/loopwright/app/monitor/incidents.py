"""Incidents as the journal and the records tell them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.monitoring.explanation import Explanation
from loopwright.monitoring.incident import Incident, IncidentAction
from loopwright.store.ledger import Record

KIND = "incident"
SHOWN = 20


def champion_event(workspace: Workspace, name: str, version: str) -> tuple[int, ...]:
    """The event that made this version champion."""
    moves = workspace.stores.ledger.history(workspace.ref("model", name, "champion"))
    found = [move.seq for move in moves if move.target == version and move.seq]
    return (found[-1],) if found else ()


def opening_ref(workspace: Workspace, incident: str) -> str:
    """The ref that is made in the commit that opens an incident: its history knows the commit's last event."""
    return workspace.ref(KIND, incident, "opened")


def opening_event(workspace: Workspace, incident: Incident) -> int | None:
    """The number of the event that opened an incident; None where the journal does not know."""
    made = workspace.stores.ledger.history(opening_ref(workspace, incident.id))
    return made[0].seq - incident.behind if made and made[0].seq else None


def incident_event(
    endpoint: str, action: IncidentAction, *, caused_by: Sequence[int], opened: Mapping[str, int], now: Micros
) -> EventDraft:
    """What the journal says of a change of an incident; caused by its opening and by `caused_by`."""
    incident = action.incident
    causes = dict.fromkeys((*([opened[incident.id]] if incident.id in opened else []), *caused_by))
    data: dict[str, Any] = {
        "endpoint": endpoint,
        "cause": incident.cause,
        "severity": incident.severity,
        "owner": incident.owner,
        "checks": list(incident.checks[:SHOWN]),
        "columns": list(incident.columns[:SHOWN]),
        "reason": action.reason,
        "figures": {finding.check: finding.value for finding in incident.findings[:SHOWN]},
    }
    if incident.resolution is not None:
        data["ending"] = incident.resolution.ending
        data["version"] = incident.resolution.version
        data["before_after"] = dict(list(incident.resolution.figures.items())[:SHOWN])
    return EventDraft(
        kind=action.kind,
        subject=f"incident:{incident.id}",
        data=data,
        caused_by=tuple(causes),
        actor="monitor",
        logical_at=now,
    )


def explained_event(incident: Incident, explanation: Explanation, *, after_draft: int, now: Micros) -> EventDraft:
    """What the journal says of where to look; follows an earlier draft of the same commit."""
    suspect = explanation.suspect
    data = {
        "changed_at": explanation.changed_at,
        "columns": [column.column for column in explanation.columns],
        "segments": [f"{s.column}={s.value} of {s.target}" for s in explanation.segments],
        "upstream": [one.seq for one in explanation.upstream],
        "suspect": suspect.said if suspect else None,
    }
    return EventDraft(
        kind="incident_explained",
        subject=f"incident:{incident.id}",
        data=data,
        caused_by_drafts=(after_draft,),
        actor="monitor",
        logical_at=now,
    )


def incident_record(incident: Incident, endpoint: str, now: Micros) -> Record:
    """The incident as it stands."""
    facets: dict[str, str | float | int | bool] = {
        "endpoint": endpoint,
        "state": incident.state,
        "severity": incident.severity,
        "checks": ", ".join(incident.checks[:SHOWN]),
    }
    if incident.owner:
        facets["owner"] = incident.owner
    return Record(kind=KIND, id=incident.id, data=msgspec.to_builtins(incident), facets=facets, at=now)
