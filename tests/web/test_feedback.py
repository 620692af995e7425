"""The handler alone; tests/web/test_worker.py asks a whole worker."""

import asyncio
import json

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.hashing import digest_bytes
from loopwright.core.ids import random_id
from loopwright.errors import ForbiddenError, NotFoundError, RequestRefusedError, UnauthorisedError, UsageError
from loopwright.store.ledger import Record
from loopwright.store.open_stores import create_home, open_stores
from loopwright.web.auth import Doors
from loopwright.web.feedback import FeedbackTaker
from loopwright.web.http import Request
from loopwright.web.keyring import Keyring

BY_ID = {"endpoint": "flights", "request_id": "r1", "value": True}
BY_KEY = {"endpoint": "flights", "labels": [{"request_id": "r1", "value": True}, {"key": 7, "value": True}]}


class Port:
    """The handler on a home with an endpoint and two keys."""

    def __init__(self, path, *, loopback=True):
        clock = SystemClock()
        self.stores = open_stores(create_home(path, ids=random_id, clock=clock), clock=clock, ids=random_id)
        keys = [
            Record(kind="api_key", id=scope, data={"digest": digest_bytes(scope.encode()), "scopes": [scope]})
            for scope in ("feedback", "predict")
        ]
        self.stores.ledger.commit(moves={"default/endpoint/flights@arms": "arms-1"}, records=keys)
        doors = Doors(token="t0ken", keys=Keyring(self.stores.ledger, clock), loopback=loopback)
        self.taker = FeedbackTaker(
            self.stores, doors=doors, clock=clock, namespace="default", actor="worker:1", most_bytes=10_000
        )

    def send(self, said, *, key=None, method="POST", **headers):
        async def receive():
            return {"type": "http.request", "body": json.dumps(said).encode()}

        given = {"host": "127.0.0.1", "content-type": "application/json"} | headers
        if key is not None:
            given["authorization"] = f"Bearer {key}"
        request = Request(method=method, path="/feedback", headers=given, receive=receive)
        return asyncio.run(self.taker.take(request))

    def rows(self):
        return self.stores.tables.scan("labels").to_dicts()


@pytest.fixture
def port(tmp_path):
    made = Port(tmp_path / "home")
    yield made
    made.stores.close()


def test_on_loopback_who_knows_a_request_s_id_may_speak_of_it(port):
    assert json.loads(port.send(BY_ID).body) == {"labels": 1}
    (row,) = port.rows()
    assert (row["request_id"], row["value"], row["kind"], row["source"]) == ("r1", True, "label", "feedback")


@pytest.mark.parametrize(
    ("key", "error"),
    [(None, UnauthorisedError), ("wrong", UnauthorisedError), ("predict", ForbiddenError), ("feedback", None),
     ("t0ken", None)],
)  # fmt: skip
def test_to_speak_of_things_by_key_takes_a_key(port, key, error):
    if error is None:
        assert json.loads(port.send(BY_KEY, key=key).body) == {"labels": 2}
    else:
        with pytest.raises(error):
            port.send(BY_KEY, key=key)
        assert port.rows() == []


def test_on_another_address_every_kind_takes_a_key(tmp_path):
    port = Port(tmp_path / "home", loopback=False)
    with pytest.raises(UnauthorisedError):
        port.send(BY_ID)
    assert port.send(BY_ID, key="feedback").status == 200
    port.stores.close()


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
def test_a_browser_that_another_site_has_sent_is_refused(port, headers):
    with pytest.raises(ForbiddenError):
        port.send(BY_ID, **headers)
    assert port.rows() == []


def test_what_is_wrong_is_said_and_nothing_is_kept(port):
    with pytest.raises(NotFoundError):
        port.send(BY_ID | {"endpoint": "nobody"})
    with pytest.raises(RequestRefusedError) as caught:
        port.send(BY_ID | {"kind": "reward"})
    assert caught.value.context["field"] == "labels[0].metric"
    with pytest.raises(UsageError) as caught:
        port.send(BY_ID, method="GET")
    assert caught.value.context == {"http_status": 405, "allow": "POST"}
    assert port.rows() == []


def test_the_journal_hears_of_it_together(port):
    port.send(BY_ID)
    port.send(BY_ID | {"kind": "reward", "metric": "spend", "value": 3})
    port.send(BY_ID, **{"idempotency-key": "a"})
    port.send(BY_ID, **{"idempotency-key": "a"})
    port.taker.announce_now()
    port.taker.announce_now()
    said = [(e.kind, e.subject, e.data, e.actor) for e in port.stores.ledger.read() if "landed" in e.kind]
    assert said == [
        ("labels_landed", "endpoint:flights", {"labels": 2}, "worker:1"),
        ("rewards_landed", "endpoint:flights", {"rewards": 1}, "worker:1"),
    ]
    assert len(port.rows()) == 3
