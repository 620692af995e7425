"""Releases by HTTP: the same calls as on the command line, with the caller's key in the record."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from loopwright.app.controller import Controller
from loopwright.app.keys import new_key
from loopwright.app.loop_file import load_loop
from loopwright.app.releases.view import find_release
from loopwright.app.run import run_loop
from loopwright.app.workspace import open_workspace
from loopwright.web.auth import Doors, read_token
from loopwright.web.control import control_app
from loopwright.web.keyring import Keyring
from loopwright.web.rate_limit import RateLimits

HOST = "127.0.0.1:8701"


class Api:
    """The control API of a home in which a candidate stands beside the champion."""

    def __init__(self, project: Path) -> None:
        self.workspace = open_workspace(project)
        loaded = load_loop(project / "loop.py", project)
        judged = run_loop(self.workspace, loaded, parameters={"depth": 4}).judged
        assert judged is not None
        self.candidate, self.release = judged.version, judged.release
        limits = RateLimits(self.workspace.home / "run" / "limits", self.workspace.machine.monotonic)
        self.token = read_token(self.workspace.home)
        self.keys = keys = Keyring(self.workspace.stores.ledger, self.workspace.machine)
        self.app = control_app(
            self.workspace, Controller(self.workspace, loaded), Doors(token=self.token, keys=keys, limits=limits)
        )

    def send(self, method: str, path: str, body: Any = None, *, token: str = "") -> httpx.Response:
        headers = {"host": HOST, "authorization": f"Bearer {token or self.token}"}

        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.request(method, path, headers=headers, json=body)

        return asyncio.run(sent())


@pytest.fixture
def api(whole: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("loop", None)
    api = Api(whole)
    yield api
    api.workspace.close()
    sys.modules.pop("loop", None)
    sys.modules.update({"loop": before} if before else {})


def test_a_release_is_listed_shown_paused_and_aborted_with_the_caller_s_name(api: Api) -> None:
    made = new_key(api.workspace, "ops", scopes=("control",))
    api.keys.refresh()
    (listed,) = api.send("GET", "/api/releases").json()
    assert (listed["id"], listed["status"]) == (api.release, "running")
    assert api.send("GET", f"/api/releases/{api.release}").json()["plan"]["candidates"] == {"candidate": api.candidate}
    for verb, action in (("pause", "paused"), ("resume", "resumed"), ("abort", "aborted")):
        done = api.send("POST", f"/api/endpoints/small/{verb}", {"reason": "lunch"}, token=made.secret)
        assert (done.status_code, done.json()["action"]) == (200, action)
    entries = find_release(api.workspace, api.release).steps
    assert [(entry.decision, entry.actor) for entry in entries[1:]] == [
        (decision, f"key:{made.id}") for decision in ("pause", "resume", "abort")
    ]


def test_a_release_is_planned_and_started_by_any_strategy(api: Api) -> None:
    api.send("POST", "/api/endpoints/small/abort", {"reason": "again"})
    asked = {"strategy": "shadow", "set": {"min_requests": 5}, "versions": ["2"]}
    planned = api.send("POST", "/api/releases/plan", asked).json()
    assert (planned["strategy"], planned["blocked"]) == ("shadow", "")
    started = api.send("POST", "/api/releases", asked | {"reason": "a trial"}).json()
    assert started["status"] == "releasing"
    assert api.send("GET", f"/api/releases/{started['release']}/shadow").status_code == 404
    assert "under way" in api.send("POST", "/api/releases", asked).json()["why"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/endpoints/small/pause", {}, 422),
        ("/api/endpoints/small/pause", {"reason": ""}, 422),
        ("/api/endpoints/small/dance", {"reason": "why not"}, 404),
        ("/api/endpoints/nobody/pause", {"reason": "why not"}, 409),
        ("/api/releases", {"strategy": "luck"}, 400),
        ("/api/releases/plan", {"versions": ["99"]}, 404),
        ("/api/releases/plan", {"set": {"luck": 1}}, 400),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(api: Api, path: str, body: Any, status: int) -> None:
    said = api.send("POST", path, body)
    assert said.status_code == status, said.text
    assert said.json()["code"].startswith("LW")


def test_a_key_that_is_good_for_predictions_alone_moves_nothing(api: Api) -> None:
    made = new_key(api.workspace, "caller", scopes=("predict",))
    api.keys.refresh()
    assert api.send("POST", "/api/endpoints/small/kill", {"reason": "x"}, token=made.secret).status_code == 403
    assert find_release(api.workspace, api.release).state.status == "running"
