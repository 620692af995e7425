"""Messages as signed webhooks and CloudEvents, read by the reference libraries."""

import base64

import pytest
from cloudevents.v1.http import from_http
from standardwebhooks import Webhook, WebhookVerificationError
from tests.app.notify.conftest import Outbox, a_message
from tests.app.notify.receiver import Receiver

from loopwright.app.notify.courier import send
from loopwright.app.notify.outbox import notifications
from loopwright.core.clock import SystemClock
from loopwright.errors import ForbiddenError


def sent(outbox: Outbox, setting: str, to: str):
    outbox.settings[setting] = to
    workspace = outbox.workspace()
    outbox.tell(workspace, a_message())
    (one,) = notifications(workspace)
    return workspace, one, send(workspace, one)


def test_a_webhook_is_signed_as_the_standard_says(outbox: Outbox, receiver: Receiver) -> None:
    outbox.clock.set(SystemClock().now())
    _, one, why = sent(outbox, "notify_webhooks", f"http://127.0.0.1:{receiver.port}/hook?a=b")
    assert why == ""
    (taken,) = receiver.taken
    assert (taken.path, taken.headers["webhook-id"]) == ("/hook?a=b", one.id)
    standard = Webhook(base64.b64encode(b"whsec").decode())
    said = standard.verify(taken.body, taken.headers)
    assert (said["type"], said["data"]["incident"]["id"]) == ("incident.opened", "inc_1")
    with pytest.raises(WebhookVerificationError):
        standard.verify(taken.body + b" ", taken.headers)


def test_a_cloud_event_is_read_by_the_library_of_the_standard(outbox: Outbox, receiver: Receiver) -> None:
    _, one, why = sent(outbox, "notify_cloudevents", f"http://127.0.0.1:{receiver.port}/hook")
    assert why == ""
    (taken,) = receiver.taken
    assert taken.headers["webhook-signature"].startswith("v1,")
    event = from_http(taken.headers, taken.body)
    assert (event["specversion"], event["id"], event["subject"]) == ("1.0", one.id, "inc_1")
    assert event["type"] == "dev.loopwright.incident.opened.v1"
    assert event["source"] == "/loopwright/default/flights"
    assert event.data["incident"]["findings"][0]["check"] == "drift"


def test_without_a_secret_nothing_is_sent(outbox: Outbox, receiver: Receiver) -> None:
    outbox.settings["webhook_secret"] = ""
    with pytest.raises(ForbiddenError, match="no webhook"):
        sent(outbox, "notify_webhooks", f"http://127.0.0.1:{receiver.port}/hook")
    assert receiver.taken == []
