"""The control API: labels, pushed rows, status, and one pass on request.

Everything but health needs a token or a key.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.routing import Match

from loopwright.app.controller import Controller
from loopwright.app.status import status
from loopwright.app.workspace import Workspace
from loopwright.core.access import Scope
from loopwright.core.codec import to_json
from loopwright.errors import LoopwrightError, NotFoundError, RequestRefusedError
from loopwright.observations.feedback import read_feedback
from loopwright.version import VERSION
from loopwright.web.auth import Doors
from loopwright.web.body_limit import BodyLimit
from loopwright.web.errors import as_known, body_of, headers_of, status_of
from loopwright.web.incident_routes import incident_routes
from loopwright.web.job_routes import job_routes
from loopwright.web.monitor_metrics import metrics_route
from loopwright.web.release_routes import release_routes
from loopwright.web.retrain_routes import retrain_routes
from loopwright.web.routes import not_answered

OPEN_PATHS = frozenset({"/health/live"})
GoOn = Callable[[Request], Awaitable[Response]]
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
_SCOPES: dict[str, Scope] = {"feedback": "feedback", "jobs": "predict", "metrics": "metrics"}


class RowsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /datasets/NAME/rows`: rows as JSON objects; a retry is known by the name that the sender gave them."""

    rows: list[dict[str, Any]]
    batch: str | None = None


def control_app(workspace: Workspace, controller: Controller, doors: Doors) -> FastAPI:
    """The application; its handlers run in a thread pool, the controller makes them take turns."""
    app = FastAPI(title="Loopwright control", version=VERSION, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, most_bytes=workspace.settings.whole("max_request_bytes"))
    app.middleware("http")(_behind(doors))
    for kind in (LoopwrightError, Exception):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    for missed in (404, 405):
        app.add_exception_handler(missed, _nothing_here)

    @app.get("/health/live")
    def live() -> Response:
        """Whether the process answers."""
        return answer({"live": True})

    @app.get("/api/status")
    def look() -> Response:
        """Datasets, models, arms, runs, releases, incidents."""
        return answer(status(workspace))

    @app.post("/api/settle")
    def settle() -> Response:
        """One pass of the controller, now; answers when every worker stands at the arms that it left."""
        return answer(controller.settle())

    @app.post("/feedback")
    async def feedback(request: Request) -> Response:
        """Labels and rewards: late, repeated and corrected ones too; the one known last counts."""
        body = read_feedback(await request.body())
        key = request.headers.get("idempotency-key")
        take = partial(controller.feedback, body.endpoint, body.labels, idempotency_key=key)
        return answer({"labels": await run_in_threadpool(take)})

    @app.post("/datasets/{name}/rows")
    async def rows(name: str, request: Request) -> Response:
        """Rows that became known now; one bad row refuses them all."""
        body = decoded(await request.body(), RowsBody)
        return answer({"rows": await run_in_threadpool(controller.push, name, body.rows, body.batch)})

    app.include_router(job_routes(workspace, controller.jobs))
    app.include_router(incident_routes(workspace))
    app.include_router(release_routes(workspace, controller.loop))
    app.include_router(retrain_routes(workspace, controller))
    app.include_router(metrics_route(workspace, controller.loop))
    return app


def _behind(doors: Doors) -> Callable[[Request, GoOn], Awaitable[Response]]:
    """Lets requests through the doors."""

    async def door(request: Request, go_on: GoOn) -> Response:
        try:
            # The path that is routed; `request.url` is put together with a Host header that nobody has checked yet.
            path = str(request.scope["path"])
            if path in OPEN_PATHS and request.method == "GET":
                return await go_on(request)
            headers = {name.lower(): value for name, value in request.headers.items()}
            caller = doors.admit(request.method, headers, scope=_scope_of(path))
            request.state.caller = caller.name
            response = await go_on(request)
        except LoopwrightError as error:
            return refusal(error)
        response.headers.update({name.decode(): value.decode() for name, value in caller.headers})
        return response

    return door


def _scope_of(path: str) -> Scope:
    """What a key must be good for, by the path's first part."""
    return _SCOPES.get(path.split("/")[1] if path.startswith("/") else "", "control")


def answer(value: Any) -> Response:
    """A value as JSON."""
    return Response(to_json(value), media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the form of a handler
    return refusal(error)


async def _misread(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the form of a handler
    """A parameter of the address that is not of its type."""
    wrong = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    name = str(wrong.get("loc", ("",))[-1])
    return refusal(
        RequestRefusedError(
            f"the parameter {name!r} is not what this path takes",
            why=str(wrong.get("msg", "")),
            fix="Correct it, and send again.",
            field=name,
        )
    )


async def _nothing_here(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the form of a handler
    """A path that is none, or a method that the path does not answer."""
    found = [{**request.scope, "method": method} for method in _METHODS]
    answered = [
        scope["method"] for scope in found if any(r.matches(scope)[0] is Match.FULL for r in request.app.routes)
    ]
    if answered:
        return refusal(not_answered(request.method, answered))
    return refusal(
        NotFoundError(f"there is no {request.url.path[:200]!r} here", fix="GET /openapi.json names the paths.")
    )


def refusal(error: Exception) -> Response:
    """An error as every surface shows it."""
    known = as_known(error)
    headers = {name.decode(): value.decode() for name, value in headers_of(known)}
    return Response(body_of(known), status_code=status_of(known), headers=headers, media_type="application/json")


def decoded(body: bytes, into: type[Any]) -> Any:
    """The body, checked. Raises RequestRefusedError naming the field."""
    try:
        return msgspec.json.decode(body, type=into)
    except msgspec.MsgspecError as error:
        raise RequestRefusedError(
            "the body is not what this path takes",
            why=str(error),
            fix="Correct the field that is named, and send again.",
        ) from error
