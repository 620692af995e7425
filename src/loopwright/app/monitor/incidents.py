"""Incidents as the journal and the records tell them."""

import msgspec

from loopwright.app.loop import Loop
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.monitoring.incident import IncidentAction
from loopwright.store.ledger import Record


def champion_event(workspace: Workspace, name: str, version: str) -> tuple[int, ...]:
    """The event that made this version champion."""
    moves = workspace.stores.ledger.history(workspace.ref("model", name, "champion"))
    found = [move.seq for move in moves if move.target == version and move.seq]
    return (found[-1],) if found else ()


def incident_event(
    loop: Loop, action: IncidentAction, caused: tuple[int, ...], *, opened: dict[str, int], now: Micros
) -> EventDraft:
    """What the journal says of a change of an incident; caused by its opening and by `caused`."""
    incident = action.incident
    causes = (opened[incident.id], *caused) if incident.id in opened else caused
    if action.kind == "incident_updated":
        causes = (opened[incident.id],) if incident.id in opened else caused
    data = {
        "endpoint": loop.name,
        "cause": incident.cause,
        "checks": list(incident.checks),
        "columns": list(incident.columns),
        "reason": action.reason,
        "figures": {finding.check: finding.value for finding in incident.findings},
    }
    return EventDraft(
        kind=action.kind,
        subject=f"incident:{incident.id}",
        data=data,
        caused_by=causes,
        actor="monitor",
        logical_at=now,
    )


def incident_record(action: IncidentAction, endpoint: str, now: Micros) -> Record:
    """The incident as it stands."""
    incident = action.incident
    facets: dict[str, str | float | int | bool] = {
        "endpoint": endpoint,
        "state": "resolved" if action.kind == "incident_resolved" else "open",
        "checks": ", ".join(incident.checks),
    }
    return Record(kind="incident", id=incident.id, data=msgspec.to_builtins(incident), facets=facets, at=now)
