"""Messages through Apprise, to services on loopback that speak as the real ones do."""

import base64
import builtins
import logging

import pytest
from tests.app.notify.conftest import AT, Outbox, a_message
from tests.app.notify.receiver import Receiver

from loopwright.app.notify.courier import Courier, send
from loopwright.app.notify.outbox import notifications
from loopwright.app.notify.services import send_service
from loopwright.errors import MissingExtraError
from loopwright.store.ledger import Record

pytest.importorskip("apprise", reason="the extra notify is not installed")
DAY = 86_400_000_000


def told(outbox: Outbox, monkeypatch: pytest.MonkeyPatch, address: str, **changes: object):
    monkeypatch.setenv("HOOK", address)
    outbox.settings["notify_apprise"] = "env:HOOK"
    workspace = outbox.workspace()
    outbox.tell(workspace, a_message(**changes))
    return workspace


def test_a_json_service_gets_the_words_and_the_picture(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("resvg_py", reason="the extra notify is not installed")
    workspace = told(outbox, monkeypatch, f"json://127.0.0.1:{receiver.port}/hook")
    days = [
        Record(
            kind="watch_day",
            id=f"flights/{day}",
            data={"day": day, "rules": {"drift": {"verdicts": [{"check": "drift", "value": 1.5**n}], "reports": []}}},
            facets={"endpoint": "flights", "day": day},
        )
        for n, day in enumerate(range(AT // DAY - 18, AT // DAY))
    ]
    workspace.stores.ledger.commit(records=days)
    assert Courier(workspace).deliver() == 1
    (taken,) = receiver.taken
    assert taken.path == "/hook"
    said = taken.json
    assert (said["title"], said["type"]) == ("[warning] flights: incident: drift: wind", "warning")
    assert "loopwright incident acknowledge inc_1" in said["message"]
    assert notifications(workspace)[0].id in said["message"]
    (picture,) = said["attachments"]
    png = base64.b64decode(picture["base64"])
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(png) > 5_000


def test_a_chat_gets_the_words(outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = told(
        outbox, monkeypatch, f"mmost://127.0.0.1:{receiver.port}/a1b2c3d4e5f6g7h8i9j0k1l2m3", severity="critical"
    )
    assert Courier(workspace).deliver() == 1
    assert receiver.taken[0].path.startswith("/hooks/a1b2c3")
    assert "Before it: 900 rows landed in weather" in receiver.taken[0].json["text"]


def test_what_a_service_refuses_fails_without_a_word_of_its_address(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    workspace = told(outbox, monkeypatch, f"json://user:hunter2@127.0.0.1:{receiver.port}/hook")
    with caplog.at_level(logging.DEBUG):
        assert Courier(workspace).deliver() == 0
    (one,) = notifications(workspace)
    assert "did not take it" in one.why
    everything = str(workspace.stores.ledger.search("notification")) + str(workspace.stores.ledger.read())
    assert "hunter2" not in everything


def test_an_address_of_no_service_is_said_to_be_none(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = told(outbox, monkeypatch, "carrier-pigeon://coop")
    (one,) = notifications(workspace)
    assert "no address of a service" in send(workspace, one)


def test_without_the_extra_the_message_waits_and_names_it(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = told(outbox, monkeypatch, "json://127.0.0.1:9")
    plain_import = builtins.__import__

    def without(name: str, *given: object, **more: object) -> object:
        if name == "apprise":
            raise ImportError(name)
        return plain_import(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    (one,) = notifications(workspace)
    with pytest.raises(MissingExtraError, match="Apprise"):
        send_service("json://127.0.0.1:9", one, None)
    Courier(workspace).deliver()
    (one,) = notifications(workspace)
    assert "loopwright[notify]" not in one.text.body
    assert one.why.startswith("LW110")
