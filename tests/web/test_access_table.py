"""Every path of both ports and every gRPC method, for every kind of caller: who is let in, and who is not."""

import asyncio
import re
from types import SimpleNamespace

import httpx
import pytest

from loopwright.core.access import SCOPES
from loopwright.core.hashing import digest_bytes
from loopwright.core.ids import IdPool
from loopwright.serving.protocols.oip_messages import METHODS, SERVICE
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock
from loopwright.web.auth import Doors
from loopwright.web.control import control_app
from loopwright.web.feedback import FeedbackTaker
from loopwright.web.grpc_server import GrpcOptions, GrpcServer
from loopwright.web.inference import HttpLimits, InferenceServer, Served
from loopwright.web.keyring import Keyring
from loopwright.web.request_ids import RequestIds

EVERYBODY, HERE = "everybody", "whoever is on this machine"
WORKER = {
    "/docs": (HERE, "predict"),
    "/docs/{endpoint}": (HERE, "predict"),
    "/feedback": (HERE, "feedback"),
    "/health": (EVERYBODY, "predict"),
    "/health/{question}": (EVERYBODY, "predict"),
    "/invocations": (HERE, "predict"),
    "/metrics": (None, "metrics"),
    "/openapi.json": (HERE, "predict"),
    "/ping": (EVERYBODY, "predict"),
    "/predict/{endpoint}": (HERE, "predict"),
    "/predict/{endpoint}/versions/{version}": (HERE, "predict"),
    "/v2": (HERE, "predict"),
    "/v2/health/{question}": (EVERYBODY, "predict"),
    "/v2/models/{name}": (HERE, "predict"),
    "/v2/models/{name}/config": (HERE, "predict"),
    "/v2/models/{name}/infer": (HERE, "predict"),
    "/v2/models/{name}/ready": (HERE, "predict"),
    "/v2/models/{name}/stats": (HERE, "predict"),
    "/v2/models/{name}/versions/{version}": (HERE, "predict"),
    "/v2/models/{name}/versions/{version}/config": (HERE, "predict"),
    "/v2/models/{name}/versions/{version}/infer": (HERE, "predict"),
    "/v2/models/{name}/versions/{version}/ready": (HERE, "predict"),
    "/v2/repository/index": (HERE, "predict"),
    "/v2/repository/models/{name}/{verb}": (HERE, "predict"),
    "/version": (HERE, "predict"),
    "/nothing/here": (None, "control"),
}
CONTROL = {
    "/api/endpoints/{endpoint}/{verb}": (None, "control"),
    "/api/incidents": (None, "control"),
    "/api/incidents/{incident}": (None, "control"),
    "/api/incidents/{incident}/{verb}": (None, "control"),
    "/api/notifications": (None, "control"),
    "/api/notifications/{id_}/again": (None, "control"),
    "/api/silences": (None, "control"),
    "/api/silences/{id_}": (None, "control"),
    "/api/releases": (None, "control"),
    "/api/releases/plan": (None, "control"),
    "/api/releases/{release}": (None, "control"),
    "/api/releases/{release}/shadow": (None, "control"),
    "/api/retraining": (None, "control"),
    "/api/retraining/suggestions/{suggestion}/{verb}": (None, "control"),
    "/api/settle": (None, "control"),
    "/api/status": (None, "control"),
    "/datasets/{name}/rows": (None, "control"),
    "/feedback": (None, "feedback"),
    "/health/live": (EVERYBODY, "control"),
    "/jobs": (None, "predict"),
    "/jobs/{id_}": (None, "predict"),
    "/jobs/{id_}/result": (None, "predict"),
    "/metrics": (None, "metrics"),
    "/nothing/here": (None, "control"),
    "/openapi.json": (None, "control"),
}
CALLERS = ["", "wrong", "home", *SCOPES]


def doors(*, loopback):
    ledger = MemoryLedger(clock=ManualClock())
    keys = [
        Record(kind="api_key", id=scope, data={"digest": digest_bytes(scope.encode()), "scopes": [scope]})
        for scope in SCOPES
    ]
    ledger.commit(records=keys)
    return Doors(token="home", keys=Keyring(ledger, ManualClock()), loopback=loopback)


def worker(*, loopback):
    door = doors(loopback=loopback)
    feedback = FeedbackTaker(None, doors=door, clock=ManualClock(), namespace="default", actor="w", most_bytes=100)
    served = Served(
        endpoints={}, doors=door, clock=None, ids=RequestIds(IdPool()), scrape=None, failures=dict,
        limits=HttpLimits(), extra={"/feedback": feedback.take},
    )  # fmt: skip
    return InferenceServer(served)


def control(*, loopback):
    workspace = SimpleNamespace(settings=SimpleNamespace(whole=lambda _name: 100), stores=SimpleNamespace(ledger=None))
    return control_app(workspace, SimpleNamespace(jobs=None, loop=SimpleNamespace(name="x")), doors(loopback=loopback))


def wanted(opening, scope, caller, *, loopback):
    """The statuses of those who are not let in; none where the caller is."""
    if opening == EVERYBODY or (opening == HERE and loopback) or caller in ("home", scope):
        return None
    return 403 if caller in SCOPES else 401


def asked(app, method, path, caller):
    headers = {"host": "127.0.0.1", "content-type": "application/json"}
    if caller:
        headers["authorization"] = f"Bearer {caller}"

    async def ask():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return (await client.request(method, path, headers=headers, content=b"{")).status_code

    return asyncio.run(ask())


def refusals(app, routes, table, *, loopback):
    """What is not as the table says."""
    wrong = []
    for path, methods in routes.items():
        opening, scope = table[path]
        for method in methods:
            for caller in CALLERS:
                status = asked(app, method, re.sub(r"\{\w+\}", "x", path), caller)
                right = wanted(opening, scope, caller, loopback=loopback)
                if (status if status in (401, 403) else None) != right:
                    wrong.append((path, method, caller, status, right))
    return wrong


@pytest.mark.parametrize("loopback", [True, False], ids=["loopback", "elsewhere"])
def test_every_path_of_a_worker_lets_in_whom_it_should(loopback):
    app = worker(loopback=loopback)
    found = [*app._routes._fixed.values(), *(route for _, route in app._routes._shaped)]
    routes = {route.path: tuple(route.handlers) for route in found}
    routes |= {"/feedback": ("POST",), "/nothing/here": ("GET", "POST")}
    assert sorted(routes) == sorted(WORKER)
    assert refusals(app, routes, WORKER, loopback=loopback) == []


@pytest.mark.parametrize("loopback", [True, False], ids=["loopback", "elsewhere"])
def test_every_path_of_the_control_port_lets_in_whom_it_should(loopback):
    app = control(loopback=loopback)
    routes = {path: tuple(method.upper() for method in methods) for path, methods in app.openapi()["paths"].items()}
    routes |= {"/openapi.json": ("GET",), "/nothing/here": ("GET", "POST", "DELETE")}
    assert sorted(routes) == sorted(CONTROL)
    assert refusals(app, routes, CONTROL, loopback=loopback) == []


class Aborted(Exception):
    pass


class Context:
    def __init__(self, caller):
        self._caller = caller

    def invocation_metadata(self):
        return [("authorization", f"Bearer {self._caller}")] if self._caller else []

    async def abort(self, code, text):
        raise Aborted(code.name, text)


@pytest.mark.parametrize("loopback", [True, False], ids=["loopback", "elsewhere"])
@pytest.mark.parametrize("name", [*METHODS, "ModelStreamInfer"])
def test_every_method_of_grpc_lets_in_whom_it_should(name, loopback):
    pytest.importorskip("grpc")
    health = SimpleNamespace(live=lambda: True, ready=lambda: True)
    server = GrpcServer(None, doors(loopback=loopback), GrpcOptions(host="127.0.0.1", port=0, health=health))
    handler = server._service().service(SimpleNamespace(method=f"/{SERVICE}/{name}", invocation_metadata=()))

    async def ask(caller):
        async def requests():
            yield b""

        try:
            if name == "ModelStreamInfer":
                [_ async for _ in handler.stream_stream(requests(), Context(caller))]
            else:
                await handler.unary_unary(b"", Context(caller))
        except Aborted as refused:
            return {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}.get(refused.args[0])
        return None

    opening = EVERYBODY if name in ("ServerLive", "ServerReady") else HERE
    found = {caller: asyncio.run(ask(caller)) for caller in CALLERS}
    assert found == {caller: wanted(opening, "predict", caller, loopback=loopback) for caller in CALLERS}
