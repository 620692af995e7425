"""Retraining on the control API: the same calls as `loopwright retrain`, with the same answers and the same errors."""

from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from loopwright.app.controller import Controller
from loopwright.app.retraining.by_hand import require_champion
from loopwright.app.retraining.requests import accept, dismiss, request_retrain
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError
from loopwright.web.control_answers import answer, caller_of, decoded

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class WishBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/retraining`, and to a suggestion: why; `force` goes past freeze windows and budgets."""

    reason: Reason = "asked for by the control API"
    force: bool = False


def retrain_routes(workspace: Workspace, controller: Controller) -> APIRouter:
    """The routes; the doors are the application's."""
    router = APIRouter()

    @router.get("/api/retraining")
    def look() -> Response:
        """Every trigger, what holds it back, what runs, what is suggested, and what became of the last ones."""
        return answer(controller.retraining())

    @router.post("/api/retraining")
    async def ask(request: Request) -> Response:
        """Ask for a retrain; it starts with the next pass, unless something is in its way. 202."""
        body, name = decoded(await request.body(), WishBody), controller.loop.name
        require_champion(workspace, name)
        wish = partial(
            request_retrain, workspace, name, reason=body.reason, actor=caller_of(request), forced=body.force
        )
        return answer(await run_in_threadpool(wish), status=202)

    @router.post("/api/retraining/suggestions/{suggestion}/{verb}")
    async def answered(suggestion: str, verb: str, request: Request) -> Response:
        """Accept or dismiss what the loop suggested."""
        body = decoded(await request.body(), WishBody)
        verbs: dict[str, Any] = {"accept": accept, "dismiss": dismiss}
        if verb not in verbs:
            raise NotFoundError(f"there is no operation {verb!r}", fix="Use accept or dismiss.")
        act = partial(verbs[verb], workspace, suggestion, reason=body.reason, actor=caller_of(request))
        return answer(await run_in_threadpool(act), status=202 if verb == "accept" else 200)

    return router
