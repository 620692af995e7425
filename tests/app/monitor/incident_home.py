"""A home with one open incident and a message about it."""

from pathlib import Path

from tests.app.notify.conftest import AT, Outbox, a_message

from loopwright.app.monitor.incidents import incident_event, incident_record, opening_ref
from loopwright.app.workspace import Workspace
from loopwright.monitoring.incident import IncidentAction


def home_with_incident(folder: Path, *, webhook: str = "http://127.0.0.1:9/hook") -> Workspace:
    outbox = Outbox(folder)
    outbox.clock.set(AT)
    outbox.settings["notify_webhooks"] = webhook
    workspace = outbox.workspace()
    message = a_message()
    action = IncidentAction(kind="incident_opened", incident=message.incident, reason="moved")
    workspace.stores.ledger.commit(
        records=[incident_record(message.incident, "flights", AT)],
        events=[incident_event("flights", action, caused_by=(), opened={}, now=AT)],
        moves={opening_ref(workspace, "inc_1"): "inc_1"},
    )
    outbox.tell(workspace, message)
    return workspace
