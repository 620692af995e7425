"""What is kept to be sent."""

import msgspec
from tests.app.notify.conftest import Outbox, a_message

from loopwright.app.notify.outbox import Notification, find_notification, notifications, outbox_records
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
