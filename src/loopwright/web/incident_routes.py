"""Incidents on the control API: the same calls as `loopwright incident`, with the same answers and the same errors."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from loopwright.app.monitor.incident_view import find_incident, incidents
from loopwright.app.monitor.words import say, silence, silences, unsilence
from loopwright.app.notify.courier import send_again
from loopwright.app.notify.outbox import as_shown, notifications
from loopwright.app.workspace import Workspace
from loopwright.core.clock import parse_duration
from loopwright.errors import NotFoundError, RequestRefusedError
from loopwright.monitoring.silence import Silence
from loopwright.monitoring.word import Verb
from loopwright.web.control_answers import answer, caller_of, decoded

Text = Annotated[str, msgspec.Meta(max_length=2000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
_VERBS: tuple[Verb, ...] = ("acknowledge", "resolve", "comment")


class WordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/incidents/ID/VERB`: why; a comment's text."""

    reason: Text = ""


class SilenceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/silences`: what is kept quiet, for how long (as `2h`), and why."""

    reason: Reason
    duration: str
    incident: str | None = None
    cause: str | None = None
    check: str | None = None
    column: str | None = None
    endpoint: str | None = None


def incident_routes(workspace: Workspace) -> APIRouter:
    """The routes; the doors are the application's."""
    router = APIRouter()

    @router.get("/api/incidents")
    def listed(state: str | None = None, endpoint: str | None = None) -> Response:
        """Incidents, those that are not over first, and the silences that go on."""
        return answer(incidents(workspace, state=state, endpoint=endpoint))

    @router.get("/api/incidents/{incident}")
    def shown(incident: str) -> Response:
        """An incident in full: findings, root cause, what people said, who was told."""
        return answer(find_incident(workspace, incident))

    @router.post("/api/incidents/{incident}/{verb}")
    async def said(incident: str, verb: str, request: Request) -> Response:
        """Acknowledge, resolve or comment."""
        body, actor = decoded(await request.body(), WordBody), caller_of(request)
        return await _done(lambda: say(workspace, incident, _verb(verb), actor=actor, reason=body.reason))

    @router.get("/api/silences")
    def quiet() -> Response:
        """The silences that go on."""
        return answer(silences(workspace))

    @router.post("/api/silences")
    async def silenced(request: Request) -> Response:
        """Keep matching incidents quiet for a while; they are recorded all the same."""
        body, actor = decoded(await request.body(), SilenceBody), caller_of(request)
        return await _done(lambda: silence(workspace, _wished(workspace, body, actor)))

    @router.delete("/api/silences/{id_}")
    async def ended(id_: str, request: Request) -> Response:
        """End a silence now."""
        return await _done(lambda: unsilence(workspace, id_, actor=caller_of(request)))

    @router.get("/api/notifications")
    def told(incident: str | None = None, *, failing: bool = False) -> Response:
        """Messages about incidents: sent, waiting, given up."""
        return answer([as_shown(one) for one in notifications(workspace, incident=incident, failing=failing)])

    @router.post("/api/notifications/{id_}/again")
    async def again(id_: str, request: Request) -> Response:
        """Send a message once more."""
        return await _done(lambda: as_shown(send_again(workspace, id_, actor=caller_of(request))))

    return router


async def _done(work: Callable[[], Any]) -> Response:
    return answer(await run_in_threadpool(work))


def _verb(verb: str) -> Verb:
    for known in _VERBS:
        if known == verb:
            return known
    raise NotFoundError(f"there is no operation {verb!r}", fix=f"Use {', '.join(_VERBS)}.")


def _wished(workspace: Workspace, body: SilenceBody, actor: str) -> Silence:
    try:
        until = workspace.clock.now() + parse_duration(body.duration)
    except ValueError as error:
        raise RequestRefusedError("the silence has no length", why=str(error), fix="Write it as 2h or 7d.") from error
    return Silence(
        id="",
        until=until,
        actor=actor,
        reason=body.reason,
        at=0,
        incident=body.incident,
        cause=body.cause,
        check=body.check,
        column=body.column,
        endpoint=body.endpoint,
    )
