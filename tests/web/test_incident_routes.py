"""Incidents by HTTP: the same calls as on the command line, with the caller's key in the record."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from tests.app.monitor.incident_home import home_with_incident

from loopwright.app.notify.outbox import notifications, record_of
from loopwright.errors import LoopwrightError
from loopwright.web.control import refusal
from loopwright.web.incident_routes import incident_routes


class Api:
    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace
        self.app = FastAPI()

        @self.app.middleware("http")
        async def caller(request: Any, go_on: Any) -> Any:
            request.state.caller = "key_1"
            return await go_on(request)

        async def refused(request: Any, error: Exception) -> Any:
            return refusal(error)

        self.app.add_exception_handler(LoopwrightError, refused)
        self.app.include_router(incident_routes(workspace))

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, json=body)

        return asyncio.run(sent())


@pytest.fixture
def api(tmp_path: Any) -> Any:
    workspace = home_with_incident(tmp_path / "project")
    yield Api(workspace)
    workspace.close()


def test_an_incident_is_listed_shown_acknowledged_and_commented_with_the_caller_s_name(api: Api) -> None:
    (listed,) = api.send("GET", "/api/incidents").json()["incidents"]
    assert (listed["id"], listed["state"]) == ("inc_1", "open")
    assert api.send("GET", "/api/incidents?state=resolved").json()["incidents"] == []
    assert api.send("POST", "/api/incidents/inc_1/acknowledge", {"reason": "mine"}).status_code == 200
    assert api.send("POST", "/api/incidents/inc_1/comment", {"reason": "hm"}).status_code == 200
    shown = api.send("GET", "/api/incidents/inc_1").json()
    assert (shown["incident"]["state"], shown["incident"]["acknowledged"]["actor"]) == ("acknowledged", "key:key_1")
    assert sorted(word["verb"] for word in shown["words"]) == ["acknowledge", "comment"]
    assert shown["incident"]["explanation"]["segments"][0]["value"] == "JFK"


def test_a_silence_is_made_listed_and_ended(api: Api) -> None:
    made = api.send("POST", "/api/silences", {"reason": "works", "duration": "2h", "column": "wi*"}).json()
    assert [one["id"] for one in api.send("GET", "/api/silences").json()] == [made["id"]]
    assert api.send("GET", "/api/incidents").json()["incidents"][0]["silenced"] == made["id"]
    assert api.send("DELETE", f"/api/silences/{made['id']}").status_code == 200
    assert api.send("GET", "/api/silences").json() == []


def test_a_message_is_listed_and_sent_again(api: Api) -> None:
    (one,) = api.send("GET", "/api/notifications").json()
    assert (one["state"], one["incident"]) == ("waiting", "inc_1")
    assert api.send("POST", f"/api/notifications/{one['id']}/again").json()["next_at"] == 0
    assert api.send("GET", "/api/notifications?failing=true").json() == []
    assert len(notifications(api.workspace)) == 1


def test_the_path_of_a_receiver_s_address_is_shown_to_no_caller(api: Api) -> None:
    (kept,) = notifications(api.workspace)
    channel = msgspec.structs.replace(kept.channel, to="http://127.0.0.1:9/services/hunter2")
    secret = msgspec.structs.replace(kept, channel=channel)
    api.workspace.stores.ledger.commit(records=[record_of(secret)])
    for path in ("/api/notifications", "/api/incidents/inc_1"):
        said = api.send("GET", path).text
        assert "http://127.0.0.1:9" in said
        assert "hunter2" not in said
    assert "hunter2" not in api.send("POST", f"/api/notifications/{kept.id}/again").text
    assert notifications(api.workspace)[0].channel == channel


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/incidents/inc_none", None, 404),
        ("POST", "/api/incidents/inc_1/dance", {}, 404),
        ("POST", "/api/incidents/inc_1/comment", {"reason": ""}, 400),
        ("POST", "/api/incidents/inc_1/comment", {"text": "x"}, 422),
        ("POST", "/api/silences", {"reason": "x", "duration": "soon", "check": "a"}, 422),
        ("POST", "/api/silences", {"reason": "x", "duration": "2h"}, 400),
        ("POST", "/api/silences", {"duration": "2h", "check": "a"}, 422),
        ("DELETE", "/api/silences/sil_none", None, 404),
        ("POST", "/api/notifications/msg_none/again", {}, 404),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    api: Api, method: str, path: str, body: Any, status: int
) -> None:
    said = api.send(method, path, body)
    assert said.status_code == status, said.text
    assert said.json()["code"].startswith("LW")
