"""What is kept to be sent."""

from pathlib import Path

import msgspec
from tests.app.notify.conftest import Outbox, a_message, an_incident

from loopwright.app.notify.outbox import Notification, find_notification, notifications, outbox_records
from loopwright.monitoring.incident import Incident
from loopwright.monitoring.silence import Silence
from loopwright.monitoring.telling import Message


def test_each_channel_gets_its_own_and_none_where_none_is_named(outbox: Outbox) -> None:
    workspace = outbox.workspace()
    assert outbox_records(workspace, "flights", [a_message()], now=1) == []
    workspace.close()
    outbox.settings["notify_webhooks"] = "http://127.0.0.1:9/a,http://127.0.0.1:9/b"
    workspace = outbox.workspace()
    outbox.tell(workspace, a_message())
    assert sorted(one.channel.to for one in notifications(workspace)) == [
        "http://127.0.0.1:9/a",
        "http://127.0.0.1:9/b",
    ]
    one = notifications(workspace)[0]
    assert find_notification(workspace, one.id[:12]) == one
    record = workspace.stores.ledger.record("notification", one.id)
    assert record is not None
    assert msgspec.convert(record.data, Notification) == one


def test_what_a_silence_keeps_back_is_kept_once(outbox: Outbox) -> None:
    outbox.settings["notify_webhooks"] = "http://127.0.0.1:9/a,http://127.0.0.1:9/b"
    workspace = outbox.workspace()
    plain = a_message()
    silence = Silence(id="sil_1", until=9, actor="user:ann", reason="known", at=0)
    outbox.tell(workspace, Message(news="opened", incident=plain.incident, reason="r", silence=silence))
    (one,) = notifications(workspace, state="silenced")
    assert one.why == "sil_1, by user:ann: known"


def test_a_message_of_format_1_is_still_read_and_written() -> None:
    golden = (Path(__file__).parent / "golden" / "notification-1.json").read_bytes()
    one = msgspec.json.decode(golden, type=Notification)
    assert (one.state, one.channel.name, one.format_version) == ("waiting", "apprise env:SLACK", 1)
    assert msgspec.json.decode(msgspec.json.encode(one)) == msgspec.json.decode(golden)


def test_an_incident_of_format_2_is_still_read_with_its_explanation() -> None:
    folder = Path(__file__).parents[2] / "monitoring" / "golden"
    incident = msgspec.json.decode((folder / "incident-2.json").read_bytes(), type=Incident)
    assert incident == an_incident()
