"""Messages as signed webhooks: our own JSON, or CloudEvents 1.0 in structured mode."""

from typing import Any
from urllib.parse import urlsplit

from loopwright.app.notify.channels import address_of
from loopwright.app.notify.outbox import Notification
from loopwright.app.webhook import posted, signed, target
from loopwright.app.workspace import Workspace
from loopwright.core.clock import iso
from loopwright.core.codec import to_json
from loopwright.core.reference import read_reference
from loopwright.errors import ForbiddenError

SECRET = "webhook_secret"  # noqa: S105 - a setting's name
EVENT_TYPE = "dev.loopwright.incident.{news}.v1"


def send_webhook(workspace: Workspace, one: Notification) -> str:
    """Post one message, signed as the Standard Webhooks specification says; returns what went wrong.

    Raises:
        SettingError, ForbiddenError: The address or the secret cannot be read, or may not be used.
    """
    if one.channel.kind == "cloudevents":
        body, kind = to_json(cloud_event(workspace.namespace, one)), "application/cloudevents+json"
    else:
        shown = {"type": f"incident.{one.news}", "timestamp": iso(one.at), "data": one.data}
        body, kind = to_json(shown), "application/json"
    url = address_of(one.channel, workspace.project)
    to = target(url, frozenset({urlsplit(url).netloc.rpartition("@")[2].lower()}))
    headers = signed(_secret(workspace), message=one.id, at=workspace.machine.now(), body=body)
    return posted(to, body, headers | {"content-type": kind})


def cloud_event(namespace: str, one: Notification) -> dict[str, Any]:
    """The message as a CloudEvent; its id is the message's, so a receiver knows one that comes twice."""
    return {
        "specversion": "1.0",
        "id": one.id,
        "source": f"/loopwright/{namespace}/{one.endpoint}",
        "type": EVENT_TYPE.format(news=one.news),
        "subject": one.incident,
        "time": iso(one.at),
        "datacontenttype": "application/json",
        "data": one.data,
    }


def _secret(workspace: Workspace) -> bytes:
    reference = workspace.settings.text(SECRET)
    if not reference:
        raise ForbiddenError(
            "no webhook is sent",
            why=f"the setting {SECRET} is empty, and a message that is not signed proves nothing",
            fix=f"Set {SECRET} to env:NAME or to a file.",
        )
    return read_reference(reference, setting=SECRET, base=workspace.project).strip()
