"""The inference server: a raw ASGI application, no framework. Routes, doors and limits; endpoints do the rest."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loopwright.core.codec import to_json
from loopwright.errors import NotFoundError, NotReadyError, OverloadedError, UsageError
from loopwright.serving.arms import ArmSet
from loopwright.serving.call import Answered, Call
from loopwright.serving.endpoint import Endpoint
from loopwright.serving.protocols import json_records, open_inference
from loopwright.version import VERSION
from loopwright.web.auth import Doors
from loopwright.web.errors import as_known, body_of, headers_of, oip_body_of, status_of
from loopwright.web.http import Receive, Request, Response, Scope, Send
from loopwright.web.metrics import Metrics
from loopwright.web.request_ids import RequestIds
from loopwright.web.workspace_clock import WorkspaceClock

CLOCK_HEADER = "loopwright-clock"
ID_HEADER = "x-request-id"
_OIP_MODEL = re.compile(r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?P<verb>/ready|/infer)?")
_MOST_RECORDS = 10_000
_LOG = logging.getLogger("loopwright.inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What one server takes: body size in bytes, requests under way, seconds for one request."""

    body_bytes: int = 8_388_608
    in_flight: int = 512
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a server answers from.

    Attributes:
        endpoints: By name.
        doors: Who may call.
        clock: The workspace's clock, which a replay moves.
        ids: Gives requests their ids.
        metrics: Counts.
        failures: Endpoints whose arms could not be loaded, with the cause.
        limits: What is taken.
    """

    endpoints: Mapping[str, Endpoint]
    doors: Doors
    clock: WorkspaceClock
    ids: RequestIds
    metrics: Metrics
    failures: Callable[[], Mapping[str, Mapping[str, Any]]]
    limits: HttpLimits


class InferenceServer:
    """The ASGI application of one worker."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._in_flight = 0
        self.draining = False
        self._fixed: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/metrics": self._metrics,
            "/version": self._version,
            "/v2": self._oip_server,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request.of(scope, receive)
        try:
            response = await self._respond(request)
        except ConnectionAbortedError:
            return
        except Exception as error:  # noqa: BLE001 - boundary: one request; the error is its answer, or in the log
            response = _failed(request, error)
        await response.send(send)

    async def _respond(self, request: Request) -> Response:
        path = request.path
        doors = self._served.doors
        if path.startswith("/predict/"):
            doors.admit(request.method, request.headers, scope="predict", open_on_loopback=True)
            return await self._predict(request)
        if path.startswith("/health/") or path.startswith("/v2/health/"):
            doors.admit(request.method, request.headers, open_to_all=True)
            return self._health(request, path.rsplit("/", 1)[1])
        oip = path == "/v2" or path.startswith("/v2/")
        doors.admit(request.method, request.headers, open_on_loopback=oip)
        if path in self._fixed:
            return await self._fixed[path](request)
        if match := _OIP_MODEL.fullmatch(path):
            return await self._oip_model(request, **match.groupdict())
        raise NotFoundError(f"there is no {path[:200]!r} here", fix="GET /health/ready names the endpoints.")

    async def _predict(self, request: Request) -> Response:
        endpoint = self._endpoint(request.path.removeprefix("/predict/"))
        if request.method == "GET":
            return Response(body=json_records.describe(endpoint.name, _arms(endpoint).champion.model.bundle))
        _only(request, "POST", "GET")

        async def ask() -> Response:
            records, many = json_records.parse(await request.body(self._served.limits.body_bytes))
            answered = await self._answer(endpoint, request, records)
            return Response(body=json_records.answer(answered, many=many))

        return await self._limited(ask)

    async def _limited(self, ask: Callable[[], Awaitable[Response]]) -> Response:
        """Do it, unless as much as is taken is under way already."""
        if self._in_flight >= self._served.limits.in_flight:
            raise OverloadedError(
                "too many requests are under way", why=f"the limit is {self._served.limits.in_flight}"
            )
        self._in_flight += 1
        try:
            return await ask()
        finally:
            self._in_flight -= 1

    async def _answer(
        self, endpoint: Endpoint, request: Request, records: list[Any], *, pinned: str | None = None
    ) -> Answered:
        if len(records) > _MOST_RECORDS:
            raise UsageError(f"{len(records)} records in one request", why=f"the limit is {_MOST_RECORDS}")
        clock = self._served.clock
        if (given := request.headers.get(CLOCK_HEADER)) is not None:
            clock.advance(_instant(given))
        started = clock.monotonic()
        call = Call(
            id=self._served.ids.of(request.headers.get(ID_HEADER)),
            records=records,
            started=started,
            deadline=started + self._served.limits.timeout_s,
            received_at=clock.now() if clock.replay else None,
            pinned=pinned,
        )
        return await endpoint.answer(call)

    def _endpoint(self, name: str) -> Endpoint:
        endpoint = self._served.endpoints.get(name)
        if endpoint is None:
            known = ", ".join(sorted(self._served.endpoints))
            raise NotFoundError(
                f"there is no endpoint {name[:100]!r}", why=f"there are: {known}", fix="Correct the name."
            )
        return endpoint

    def _health(self, request: Request, what: str) -> Response:
        """Three answers: alive (this loop turns), started (versions have been loaded), ready (send requests)."""
        _only(request, "GET", "HEAD")
        if what == "live":
            return Response(body=to_json({"live": True}))
        if what not in ("ready", "startup"):
            raise NotFoundError(f"there is no health question {what[:50]!r}", why="there are: live, ready, startup")
        failures = self._served.failures()
        said = {name: _state(endpoint, failures.get(name)) for name, endpoint in self._served.endpoints.items()}
        ready = all(state["ready"] for state in said.values()) and not (what == "ready" and self.draining)
        return Response(status=200 if ready else 503, body=to_json({"ready": ready, "endpoints": said}))

    async def _metrics(self, request: Request) -> Response:
        _only(request, "GET")
        self._served.metrics.in_flight.set(self._in_flight)
        return Response(body=self._served.metrics.page(), content_type=self._served.metrics.content_type)

    async def _version(self, request: Request) -> Response:
        _only(request, "GET")
        arms = {name: endpoint.arms for name, endpoint in self._served.endpoints.items()}
        versions = {n: {"champion": a.champion.spec.version, "revision": a.spec.revision} for n, a in arms.items() if a}
        return Response(body=to_json({"loopwright": VERSION, "endpoints": versions}))

    async def _oip_server(self, request: Request) -> Response:
        _only(request, "GET")
        return Response(body=open_inference.server_metadata(VERSION))

    async def _oip_model(self, request: Request, *, name: str, version: str | None, verb: str | None) -> Response:
        endpoint = self._endpoint(name)
        if verb == "/infer":
            _only(request, "POST")
            return await self._limited(lambda: self._infer(endpoint, request, version))
        _only(request, "GET")
        if verb == "/ready":
            ready = endpoint.arms is not None and (version is None or endpoint.arms.by_version(version) is not None)
            return Response(status=200 if ready else 503, body=to_json({"name": name, "ready": ready}))
        arms = _arms(endpoint)
        arm = arms.champion if version is None else arms.by_version(version)
        if arm is None:
            raise NotFoundError(f"version {str(version)[:64]!r} of {name!r} does not answer now")
        versions = [arms.champion.spec.version, *(canary.spec.version for canary in arms.canaries)]
        return Response(body=open_inference.model_metadata(name, versions, arm.intake.door.signature))

    async def _infer(self, endpoint: Endpoint, request: Request, version: str | None) -> Response:
        if "inference-header-content-length" in request.headers:
            raise UsageError("binary tensors are not taken", why="this server speaks the protocol's JSON form",
                             fix="Send tensors with `data`; with tritonclient: binary_data=False.")  # fmt: skip
        asked = open_inference.parse(await request.body(self._served.limits.body_bytes))
        answered = await self._answer(endpoint, request, open_inference.records(asked), pinned=version)
        signature = _arms(endpoint).champion.intake.door.signature
        return Response(body=open_inference.answer(answered, asked, signature))


def _arms(endpoint: Endpoint) -> ArmSet:
    if endpoint.arms is None:
        raise NotReadyError(f"endpoint {endpoint.name!r} has no version loaded yet")
    return endpoint.arms


def _state(endpoint: Endpoint, failure: Mapping[str, Any] | None) -> dict[str, Any]:
    arms = endpoint.arms
    said: dict[str, Any] = {"ready": arms is not None}
    if arms is not None:
        said |= {"version": arms.champion.spec.version, "revision": arms.spec.revision}
        said["arms"] = {canary.spec.name: canary.state for canary in arms.canaries}
    if failure is not None:
        said["failure"] = {name: failure[name] for name in ("code", "what", "why")}
    return said


def _only(request: Request, *methods: str) -> None:
    if request.method not in methods:
        answered = ", ".join(methods)
        raise UsageError(
            f"{request.method[:20]} is not answered here", why=f"answered are: {answered}", fix=f"Send {answered}.",
            http_status=405,
        )  # fmt: skip


def _instant(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise UsageError("the clock header is not an instant", why="it is microseconds since 1970 in UTC")
    return int(text)


def _failed(request: Request, error: Exception) -> Response:
    known = as_known(error)
    if known is not error:
        _LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    body = oip_body_of(known) if request.path.startswith("/v2") else body_of(known)
    return Response(status=status_of(known), body=body, headers=headers_of(known))
