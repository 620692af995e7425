"""What is kept to be sent."""

from pathlib import Path

import msgspec
from tests.app.notify.conftest import Outbox, a_message, an_incident

from loopwright.app.notify.outbox import MOST, Notification, as_shown, find_notification, notifications, outbox_records
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


def test_the_path_of_an_address_is_kept_for_sending_and_never_shown(outbox: Outbox) -> None:
    outbox.settings["notify_webhooks"] = "https://ann:hunter2@hooks.example/services/T0/secret"
    workspace = outbox.workspace()
    (id_,) = outbox.tell(workspace, a_message())
    one = find_notification(workspace, id_)
    assert one.channel.to.endswith("/secret")
    text = msgspec.json.encode(as_shown(one)).decode()
    assert "https://hooks.example" in text
    assert "secret" not in text
    assert "hunter2" not in text
    assert as_shown(one).channel.name == one.channel.name


def test_a_message_is_found_by_its_id_however_many_came_after_it(outbox: Outbox) -> None:
    outbox.settings["notify_webhooks"] = "http://127.0.0.1:9/a"
    workspace = outbox.workspace()
    (first,) = outbox.tell(workspace, a_message())
    outbox.tell(workspace, *(a_message(id=f"inc_{n}") for n in range(MOST)))
    assert first not in {one.id for one in notifications(workspace)}
    assert find_notification(workspace, first).id == first


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
