"""Retraining on the control API."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.app.conftest import Project, make

from loopwright.app.controller import Controller
from loopwright.app.retraining.requests import waiting_requests
from loopwright.app.run import run_loop
from loopwright.errors import LoopwrightError
from loopwright.web.control import refusal
from loopwright.web.retrain_routes import retrain_routes


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    project = make(tmp_path_factory.mktemp("retrained") / "project")
    run_loop(project.workspace(), project.loaded())
    yield project
    project.close()


@pytest.fixture
def client(trained: Project) -> TestClient:
    workspace = trained.workspace()
    app = FastAPI()
    app.add_exception_handler(LoopwrightError, _refused)
    app.include_router(retrain_routes(workspace, Controller(workspace, trained.loaded())))
    return TestClient(app)


async def _refused(_: Any, error: Exception) -> Any:
    return refusal(error)


def test_a_wish_is_kept_and_shown(client: TestClient, trained: Project) -> None:
    asked = client.post("/api/retraining", json={"reason": "a new contract"})
    assert asked.status_code == 202
    assert asked.json()["state"] == "waiting"
    seen = client.get("/api/retraining").json()
    assert seen["requests"][0]["reason"] == "a new contract"
    assert seen["triggers"][0]["words"] == "0 of 100 new rows"
    assert waiting_requests(trained.workspace(), "small")[0].actor.startswith("key:")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/retraining", {"reason": ""}, 422),
        ("/api/retraining", {"because": "x"}, 422),
        ("/api/retraining/suggestions/sug_none/accept", {}, 404),
        ("/api/retraining/suggestions/sug_none/dismiss", {}, 404),
        ("/api/retraining/suggestions/sug_none/eat", {}, 404),
    ],
)
def test_what_is_refused(client: TestClient, path: str, body: dict[str, Any], status: int) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == status
    assert answer.json()["fix"]
