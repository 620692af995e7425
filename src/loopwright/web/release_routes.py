"""Releases on the control API: the same calls as `loopwright release`, with the same answers and the same errors."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from loopwright.app.loop import Loop
from loopwright.app.releases.operations import Done, Word, abort, pause, promote_now, resume
from loopwright.app.releases.request import Asked, plan_asked, start_asked
from loopwright.app.releases.rollback import kill, roll_back, unkill
from loopwright.app.releases.shadow_report import shadow_report
from loopwright.app.releases.view import find_release, releases
from loopwright.app.versions import registered_version
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError
from loopwright.web.control_answers import answer, caller_of, decoded

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class AskedBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/releases`, `POST /api/releases/plan`: versions, and how; as `Asked`."""

    reason: Reason = "asked for by the control API"
    versions: list[str] = []
    strategy: str | None = None
    set: dict[str, Any] = {}


class OrderBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/endpoints/NAME/VERB`: why, and what a verb needs beside it."""

    reason: Reason
    version: str | None = None
    to: str | None = None
    override: bool = False


_PLAIN: dict[str, Callable[[Workspace, str, Word], Done]] = {
    "pause": pause,
    "resume": resume,
    "abort": abort,
    "kill": kill,
    "unkill": unkill,
}


def release_routes(workspace: Workspace, loop: Loop) -> APIRouter:
    """The routes; the doors are the application's."""
    router = APIRouter()

    @router.get("/api/releases")
    def listed(endpoint: str | None = None) -> Response:
        """The newest releases."""
        return answer(releases(workspace, endpoint))

    @router.post("/api/releases/plan")
    async def planned(request: Request) -> Response:
        """What a release would do and need; nothing moves."""
        asked = _asked(decoded(await request.body(), AskedBody), request)
        return answer(await run_in_threadpool(plan_asked, workspace, loop, asked))

    @router.post("/api/releases")
    async def started(request: Request) -> Response:
        """Release registered versions beside the champion."""
        asked = _asked(decoded(await request.body(), AskedBody), request)
        return answer(await run_in_threadpool(start_asked, workspace, loop, asked))

    @router.get("/api/releases/{release}")
    def shown(release: str) -> Response:
        """A release: plan, every step's figures, decision, actor, evidence."""
        return answer(find_release(workspace, release))

    @router.get("/api/releases/{release}/shadow")
    def shadowed(release: str) -> Response:
        """What a shadow would have answered, beside what was."""
        found = shadow_report(workspace, find_release(workspace, release))
        if found is None:
            raise NotFoundError(f"the release {release} has no shadow", why="its candidate was given no copies")
        return answer(found)

    @router.post("/api/endpoints/{endpoint}/{verb}")
    async def ordered(endpoint: str, verb: str, request: Request) -> Response:
        """Pause, resume, abort, promote, rollback, kill, unkill."""
        body = decoded(await request.body(), OrderBody)
        word = Word(actor=caller_of(request), reason=body.reason)
        return answer(await run_in_threadpool(partial(_ordered, workspace, endpoint, word, verb=verb, body=body)))

    return router


def _ordered(workspace: Workspace, endpoint: str, word: Word, *, verb: str, body: OrderBody) -> Done:
    if verb in _PLAIN:
        return _PLAIN[verb](workspace, endpoint, word)
    if verb == "promote":
        chosen = registered_version(workspace, endpoint, body.version) if body.version else None
        return promote_now(workspace, endpoint, word, version=chosen, override=body.override)
    if verb == "rollback":
        target = registered_version(workspace, endpoint, body.to) if body.to else None
        return roll_back(workspace, endpoint, word, to=target)
    raise NotFoundError(f"there is no operation {verb!r}", fix=f"Use {', '.join([*_PLAIN, 'promote', 'rollback'])}.")


def _asked(body: AskedBody, request: Request) -> Asked:
    return Asked(
        versions=tuple(body.versions),
        strategy=body.strategy,
        fields=body.set,
        reason=body.reason,
        actor=caller_of(request),
    )
