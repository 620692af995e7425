"""Alive, started and ready are three answers; a version that cannot be loaded says why and what to do."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from loopwright.web.health_routes import Condition, HealthRoutes
from loopwright.web.http import Request

LOADED = SimpleNamespace(
    champion=SimpleNamespace(spec=SimpleNamespace(version="v1")), spec=SimpleNamespace(revision=3),
    canaries=(SimpleNamespace(spec=SimpleNamespace(name="candidate"), state="ready"),),
)  # fmt: skip
FAILURE = {"code": "LW501", "what": "it cannot be loaded", "why": "lightgbm is missing", "fix": "Install it.", "at": 7}


class Worker:
    """How a worker is, as a test wants it."""

    def __init__(self, **arms):
        self.endpoints = {name: SimpleNamespace(name=name, arms=value) for name, value in arms.items()}
        self.failing, self.hangs, self.draining, self.short = {}, False, False, {}
        condition = Condition(
            failures=lambda: self.failing, well=lambda: not self.hangs, draining=lambda: self.draining,
            degraded=lambda: self.short,
        )  # fmt: skip
        self._routes = HealthRoutes(self.endpoints, condition)
        (self._route, _) = self._routes.routes()

    def __call__(self, question):
        request = Request(method="GET", path=f"/health/{question}", headers={}, receive=None)
        answer = asyncio.run(self._route.handler("GET")(request, question=question))
        return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("change", "startup", "live", "ready"),
    [
        (lambda w: None, 200, 200, 200),
        (lambda w: setattr(w.endpoints["b"], "arms", None), 503, 200, 503),
        (lambda w: setattr(w, "draining", True), 200, 200, 503),
        (lambda w: setattr(w, "hangs", True), 200, 503, 503),
        (lambda w: w.failing.update(a=FAILURE), 200, 200, 200),
    ],
)
def test_alive_started_and_ready_are_three_answers(change, startup, live, ready):
    worker = Worker(a=LOADED, b=LOADED)
    change(worker)
    assert (worker("startup")[0], worker("live")[0], worker("ready")[0]) == (startup, live, ready)


def test_who_has_started_stays_started():
    worker = Worker(a=None)
    assert worker("startup")[0] == 503
    worker.endpoints["a"].arms = LOADED
    assert worker("startup")[1]["started"] is True
    worker.endpoints["a"].arms = None
    assert (worker("startup")[0], worker("ready")[0]) == (200, 503)


def test_readiness_names_versions_arms_failures_and_shortages():
    worker = Worker(a=LOADED, b=None)
    worker.failing, worker.short = {"b": FAILURE}, {"request_log": "rows are dropped"}
    said = worker("ready")[1]
    assert said["endpoints"]["a"] == {"ready": True, "version": "v1", "revision": 3, "arms": {"candidate": "ready"}}
    assert said["endpoints"]["b"]["failure"] == {name: FAILURE[name] for name in ("code", "what", "why", "fix")}
    assert said["degraded"] == {"request_log": "rows are dropped"}


def test_a_version_that_cannot_be_loaded_is_told_with_cause_and_fix(home, worker, wait_until):
    home.arms(home.bundle(code="import a_package_that_nobody_has\n"))
    with worker(home) as process:

        def told():
            said = process.client.get("/health/ready")
            failure = said.json()["endpoints"]["flights"]["failure"]
            assert said.status_code == 503
            return failure

        failure = wait_until(told)
        assert failure["code"] == "LW501"
        assert "a_package_that_nobody_has" in failure["why"]
        assert failure["fix"]
        assert process.client.get("/health/live").status_code == 200
        assert process.client.get("/health/startup").status_code == 503
        asked = process.predict()
        assert (asked.status_code, asked.json()["code"], asked.headers["retry-after"]) == (503, "LW504", "1")
        home.arms(home.bundle())
        process.ready()
        assert process.predict().status_code == 200
