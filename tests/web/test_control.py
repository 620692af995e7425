"""The control API in this process: who may call it, and what becomes of bodies, good and bad."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.datastructures import URL
from starlette.requests import Request

from loopwright.app.controller import Controller
from loopwright.app.keys import new_key, revoke_key
from loopwright.app.loop_file import load_loop
from loopwright.app.workspace import open_workspace
from loopwright.core.access import Rate
from loopwright.web.auth import Doors, read_token
from loopwright.web.control import OPEN_PATHS, control_app
from loopwright.web.keyring import Keyring
from loopwright.web.rate_limit import RateLimits

HOST = "127.0.0.1:8701"


class Api:
    """The application on a home with a champion."""

    def __init__(self, project: Path) -> None:
        self.workspace = open_workspace(project)
        self.controller = Controller(self.workspace, load_loop(project / "loop.py", project))
        self.token = read_token(self.workspace.home)
        self.start()

    def start(self) -> None:
        """A server that has just started."""
        self.keyring = Keyring(self.workspace.stores.ledger, self.workspace.machine)
        limits = RateLimits(self.workspace.home / "run" / "limits", self.workspace.machine.monotonic)
        doors = Doors(token=self.token, keys=self.keyring, limits=limits)
        self.app = control_app(self.workspace, self.controller, doors)

    def send(self, method: str, path: str, *, token: str | None = "", **options: Any) -> httpx.Response:
        """Send a request; with the home's token where none is given, with none where it is None."""
        headers = {"host": HOST, **options.pop("headers", {})}
        if token is not None:
            headers["authorization"] = f"Bearer {token or self.token}"

        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(sent())

    def refused(self, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
        said = self.send(method, path, **options)
        assert said.status_code == status, said.text
        error: dict[str, Any] = said.json()
        assert error["code"].startswith("LW")
        assert "Traceback" not in said.text
        return error

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.workspace.stores.tables.scan(table).to_dicts()


@pytest.fixture
def api(whole: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("loop", None)
    api = Api(whole)
    yield api
    api.workspace.close()
    sys.modules.pop("loop", None)
    sys.modules.update({"loop": before} if before else {})


def test_whether_it_lives_is_for_everybody(api: Api) -> None:
    assert api.send("GET", "/health/live", token=None, headers={"host": "elsewhere"}).json() == {"live": True}


def test_every_other_path_needs_the_token(api: Api) -> None:
    routes = [(m, r.path) for r in api.app.routes if hasattr(r, "methods") for m in r.methods or ()]
    assert {path for _, path in routes} > OPEN_PATHS
    assert {r.path for r in api.app.routes if isinstance(r, APIRoute)} >= {"/feedback", "/api/status", "/api/settle"}
    for method, path in [*routes, ("GET", "/nothing/here")]:
        if path in OPEN_PATHS and method == "GET":
            continue
        for token in (None, "wrong", "Bearer"):
            error = api.refused(401, method, path, token=token) if method != "HEAD" else None
            assert error is None or api.token not in str(error)
            assert api.send(method, path, token=token).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example:8701"}, 403),
        ({"host": ""}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"http://{HOST}"}, 200),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_a_browser_that_another_site_has_sent_is_refused(api: Api, headers: dict[str, str], status: int) -> None:
    body = b'{"endpoint": "small", "labels": [{"key": 7, "value": true}]}'
    said = api.send("POST", "/feedback", content=body, headers={"content-type": "application/json"} | headers)
    assert said.status_code == status
    assert len(api.rows("labels")) == (status == 200)


def test_a_key_opens_what_its_scopes_cover_until_it_is_taken_back(api: Api) -> None:
    control = new_key(api.workspace, "ci", scopes=("control",))
    api.refused(401, "GET", "/api/status", token=control.secret)
    api.keyring.refresh()
    assert api.send("GET", "/api/status", token=control.secret).status_code == 200
    body = {"endpoint": "small", "labels": [{"key": 7, "value": True}]}
    assert "feedback" in api.refused(403, "POST", "/feedback", token=control.secret, json=body)["what"]
    revoke_key(api.workspace, control.id)
    api.keyring.refresh()
    api.refused(401, "GET", "/api/status", token=control.secret)


def test_a_key_that_is_used_too_often_is_told_when_to_come_again(api: Api) -> None:
    key = new_key(api.workspace, "sender", scopes=("feedback",), rate=Rate.parse("1/m"))
    api.keyring.refresh()
    body = {"endpoint": "small", "labels": [{"key": 7, "value": True}]}
    first = api.send("POST", "/feedback", token=key.secret, json=body)
    assert (first.status_code, first.headers["ratelimit-remaining"]) == (200, "0")
    again = api.send("POST", "/feedback", token=key.secret, json=body)
    assert (again.status_code, again.json()["code"]) == (429, "LW511")
    assert 58 <= int(again.headers["retry-after"]) <= 60
    assert (again.headers["ratelimit-limit"], again.headers["ratelimit-remaining"]) == ("1", "0")
    assert len(api.rows("labels")) == 1


def test_the_status_is_that_of_the_home(api: Api) -> None:
    said = api.send("GET", "/api/status").json()
    assert [model["name"] for model in said["models"]] == ["small"]
    assert said["home"] == str(api.workspace.home)


def test_labels_are_kept_before_they_are_answered(api: Api) -> None:
    labels = [{"key": 7, "value": True}, {"request_id": "ab", "value": False, "event_time": "2024-01-01T00:00:00Z"}]
    said = api.send("POST", "/feedback", json={"endpoint": "small", "labels": labels})
    assert (said.status_code, said.json()) == (200, {"labels": 2})
    assert {(row["key"], row["request_id"]) for row in api.rows("labels")} == {("7", None), (None, "ab")}


def test_pushed_rows_are_kept_and_a_batch_counts_once(api: Api) -> None:
    rows = [{"at": "2024-01-01T00:00:00Z", "room": "b", "heat": 3}]
    for _ in range(2):
        said = api.send("POST", "/datasets/sensors/rows", json={"rows": rows, "batch": "first"})
        assert (said.status_code, said.json()) == (200, {"rows": 1})
    assert len(api.rows("push.sensors")) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/feedback", b"", 422, "body"),
        ("/feedback", b"{", 422, "body"),
        ("/feedback", b"[]", 422, "object"),
        ("/feedback", b'{"labels": []}', 422, "endpoint"),
        ("/feedback", b'{"endpoint": "small", "labels": [{"value": null, "key": 1}]}', 422, "value"),
        ("/feedback", b'{"endpoint": "small", "labels": [{"value": 1}]}', 422, "request_id"),
        ("/feedback", b'{"endpoint": "small", "labels": [{"value": 1, "key": 1, "keys": 1}]}', 422, "keys"),
        ("/feedback", b'{"endpoint": "other", "labels": [{"value": 1, "key": 1}]}', 404, "other"),
        ("/datasets/sensors/rows", b'{"rows": [7]}', 422, "rows"),
        ("/datasets/sensors/rows", b'{"rows": [{"at": "never", "room": "a", "heat": 1}]}', 422, "at"),
        ("/datasets/other/rows", b'{"rows": [{"at": 1}]}', 404, "other"),
    ],
)
def test_a_body_that_cannot_be_taken_says_why_and_leaves_nothing(
    api: Api, path: str, body: bytes, status: int, said: str
) -> None:
    error = api.refused(status, "POST", path, content=body, headers={"content-type": "application/json"})
    assert said in error["what"] + error["why"]
    assert "/predict" not in error["fix"]
    assert api.rows("labels") == api.rows("push.sensors") == []


@pytest.mark.parametrize(
    "at",
    [10**18, -(10**17), 2**63, -(2**63) - 1, 2**64, 10**40, 1e300, "0000-01-01T00:00:00", "0001-01-01T00:00:00+05:00"],
)
@pytest.mark.parametrize("dataset", ["sensors", "table"])
def test_a_pushed_row_of_no_year_that_there_is_is_refused_by_field(api: Api, dataset: str, at: object) -> None:
    row = {"at": at, "room": "a", "heat": 1} if dataset == "sensors" else {"id": 1, "at": at, "room": "a", "x": 0.5}
    good = row | {"at": "2024-01-01T00:00:00Z", "id": 2}
    error = api.refused(422, "POST", f"/datasets/{dataset}/rows", json={"rows": [good, row]})
    assert "at: " in error["what"] + error["why"]
    assert api.rows(f"push.{dataset}") == []


def test_settling_is_one_pass(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopwright.app.controller.READY_S", 0.0)  # no worker stands beside it
    said = api.send("POST", "/api/settle", json={}).json()
    assert said == {"releasing": False, "promoted": 0, "finished": 0, "leading": True, "unconfirmed": 0}


def test_what_nobody_foresaw_tells_nothing_of_its_inside(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def settle() -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(api.controller, "settle", settle)
    assert "1234" not in str(api.refused(500, "POST", "/api/settle", json={}))


def test_a_body_over_the_limit_is_refused_before_it_is_read(api: Api) -> None:
    headers = {"content-length": str(10**9), "content-type": "application/json"}
    assert api.refused(413, "POST", "/feedback", headers=headers, content=b"{}")["code"] == "LW509"


def test_a_body_in_pieces_is_refused_once_it_is_over_the_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.workspace.settings), "whole", lambda *_: 1_000)
    api.start()
    sent = []

    async def pieces() -> AsyncIterator[bytes]:
        for piece in [b'{"endpoint": "small", "labels": [{"key": "', *[b"k" * 100] * 1_000, b'", "value": true}]}']:
            sent.append(piece)
            yield piece

    headers = {"content-type": "application/json"}
    for path in ("/feedback", "/datasets/sensors/rows", "/jobs", "/api/releases"):
        sent.clear()
        assert api.refused(413, "POST", path, headers=headers, content=pieces())["code"] == "LW509"
        assert len(sent) < 20
    assert api.rows("labels") == api.rows("push.sensors") == []
    small = b'{"endpoint": "small", "labels": [{"key": 7, "value": true}]}'
    assert api.send("POST", "/feedback", headers=headers, content=small).status_code == 200


def test_a_path_that_is_none_and_a_method_that_is_not_answered_are_refused_as_all_else_is(api: Api) -> None:
    error = api.refused(404, "GET", "/nothing/here")
    assert (error["code"], bool(error["fix"])) == ("LW104", True)
    assert "/nothing/here" in error["what"]
    for method, path, allowed in [
        ("GET", "/feedback", "POST"),
        ("DELETE", "/jobs", "GET, POST"),
        ("PUT", "/jobs/one", "DELETE, GET"),
        ("POST", "/api/status", "GET"),
    ]:
        headers = {"content-type": "application/json"}
        said = api.send(method, path, headers=headers)
        assert (said.status_code, said.headers["allow"]) == (405, allowed), (method, path)
        assert {"code", "what", "why", "fix"} <= said.json().keys()


@pytest.mark.parametrize("host", ["127.0.0.1/health/live?", "127.0.0.1:8701/health/live#", "x@127.0.0.1/health/live?"])
def test_a_host_that_ends_in_an_open_path_opens_nothing(api: Api, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some versions of Starlette let a Host header write the path of `request.url`."""
    url = property(lambda self: URL(f"http://{self.headers['host']}{self.scope['path']}"))
    monkeypatch.setattr(Request, "url", url)
    assert api.send("GET", "/api/status", token=None, headers={"host": host}).status_code in (401, 403)


def test_a_parameter_of_another_type_is_refused_as_all_else_is(api: Api) -> None:
    error = api.refused(422, "GET", "/api/notifications?failing=perhaps")
    assert error["code"] == "LW206"
    assert "'failing'" in error["what"]
    assert error["context"] == {"field": "failing"}
