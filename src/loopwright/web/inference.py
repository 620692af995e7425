"""The inference server: a raw ASGI application, no framework. It finds the route, asks the door, says what failed."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loopwright.errors import LoopwrightError
from loopwright.serving.applications.endpoint import ApplicationEndpoint
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.protocols import mlflow_scoring
from loopwright.web.asking import Asking, HttpLimits
from loopwright.web.auth import Doors
from loopwright.web.errors import as_known, body_of, headers_of, oip_body_of, status_of
from loopwright.web.gateway.gateway import Gateway
from loopwright.web.health_routes import Condition, HealthRoutes
from loopwright.web.http import Receive, Request, Response, Scope, Send
from loopwright.web.mlflow_routes import MlflowRoutes
from loopwright.web.oip_routes import OipRoutes
from loopwright.web.openapi_routes import OpenApiRoutes
from loopwright.web.predict_routes import PredictRoutes
from loopwright.web.request_ids import RequestIds
from loopwright.web.routes import Answer, Route, Routes
from loopwright.web.scrape import Scrape
from loopwright.web.workspace_clock import WorkspaceClock

__all__ = ["HttpLimits", "InferenceServer", "Served"]

_LOG = logging.getLogger("loopwright.inference")
Extra = Callable[[Request], Awaitable[Answer]]


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a server answers from.

    Attributes:
        endpoints: By name.
        doors: Who may call.
        clock: The workspace's clock, which a replay moves.
        ids: Gives requests their ids.
        scrape: What Prometheus reads.
        failures: Endpoints whose arms could not be loaded, with the cause.
        limits: What is taken.
        well: Whether no endpoint hangs.
        degraded: What is not as it should be, though requests are answered; empty where all is well.
        applications: The endpoints of applications, by name.
        extra: More that is answered, by path. Such a handler is given the request before any door and asks the doors
            itself; it says itself which methods it takes.
    """

    endpoints: Mapping[str, Endpoint]
    doors: Doors
    clock: WorkspaceClock
    ids: RequestIds
    scrape: Scrape
    failures: Callable[[], Mapping[str, Mapping[str, Any]]]
    limits: HttpLimits
    well: Callable[[], bool] = _always
    degraded: Callable[[], Mapping[str, Any]] = dict
    applications: Mapping[str, ApplicationEndpoint] = field(default_factory=dict)
    extra: Mapping[str, Extra] = field(default_factory=dict)


class InferenceServer:
    """The ASGI application of one worker.

    Attributes:
        asking: The way to the endpoints, for other protocols of the same worker.
        health: How the worker is, for the same.
        gateway: Answers for applications.
        draining: Whether the worker is about to end.
    """

    def __init__(self, served: Served) -> None:
        self._served = served
        self.draining = False
        self.asking = Asking(served.endpoints, clock=served.clock, ids=served.ids, limits=served.limits)
        condition = Condition(
            failures=served.failures, well=served.well, draining=lambda: self.draining, degraded=served.degraded
        )
        self.health = HealthRoutes({**served.endpoints, **served.applications}, condition)
        self.gateway = Gateway(
            served.applications, asking=self.asking, doors=served.doors, clock=served.clock, ids=served.ids
        )
        self._routes = Routes(
            [
                *PredictRoutes(self.asking).routes(),
                *self.health.routes(),
                *OipRoutes(self.asking).routes(),
                *MlflowRoutes(self.asking).routes(),
                *OpenApiRoutes(self.asking).routes(),
                Route(path="/metrics", handlers={"GET": self._metrics}, opening="key", scope="metrics"),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request.of(scope, receive)
        try:
            answer = await self._respond(request)
            await answer.send(send)
        except ConnectionAbortedError:
            return
        except Exception as error:  # noqa: BLE001 - boundary: one request; the error is its answer, or in the log
            await _failed(request, error).send(send)

    async def _respond(self, request: Request) -> Answer:
        if (extra := self._served.extra.get(request.path)) is not None:
            return await extra(request)
        if self.gateway.takes(request.path):
            return await self.gateway.answer(request)
        try:
            route, named = self._routes.find(request.path)
        except LoopwrightError:
            # Who has no key is not told which paths there are.
            self._served.doors.admit(request.method, request.headers)
            raise
        caller = self._served.doors.admit(
            request.method,
            request.headers,
            scope=route.scope,
            open_on_loopback=route.opening != "key",
            open_to_all=route.opening == "everyone",
            takes=route.takes,
        )
        answer: Answer
        if request.method == "OPTIONS" and "OPTIONS" not in route.handlers:
            answer = Response(status=204, headers=((b"allow", ", ".join(route.methods).encode()),))
        else:
            answer = await route.handler(request.method)(request, **named)
            self._count_bytes(request, answer, named)
        if caller.headers and isinstance(answer, Response):
            return replace(answer, headers=(*answer.headers, *caller.headers))
        return answer

    def _count_bytes(self, request: Request, answer: Answer, named: Mapping[str, Any]) -> None:
        endpoint = self._served.endpoints.get(str(named.get("endpoint") or named.get("name")))
        if endpoint is not None and request.method == "POST" and isinstance(answer, Response):
            declared = request.headers.get("content-length", "")
            endpoint.count_bytes(int(declared) if declared.isdecimal() else 0, len(answer.body))

    async def _metrics(self, _request: Request) -> Answer:
        scrape = self._served.scrape
        return Response(body=await scrape.page(self.asking.in_flight), content_type=scrape.content_type)


def _failed(request: Request, error: Exception) -> Response:
    known = as_known(error)
    if known is not error:
        _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    status = status_of(known)
    if request.path.startswith("/v2"):
        body = oip_body_of(known)
    elif request.path == "/invocations":
        status = 400 if status == 422 else status
        body = mlflow_scoring.error_body(known, status)
    else:
        body = body_of(known)
    return Response(status=status, body=body, headers=headers_of(known))
