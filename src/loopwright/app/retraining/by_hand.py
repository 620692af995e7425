"""A retrain that a person asks for: by the controller where one leads, here and now otherwise."""

import msgspec

from loopwright.app.lease import somebody_leads
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.retraining.past import past_of
from loopwright.app.retraining.requests import Request
from loopwright.app.retraining.retrain import Retrain, retrains
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.errors import UsageError


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wish.

    Attributes:
        request: The wish.
        retrain: The retrain, where it has run here.
        waits: What is in its way, or who starts it, in words; empty where it has run.
    """

    request: Request
    retrain: Retrain | None = None
    waits: str = ""


def require_champion(workspace: Workspace, loop: str) -> None:
    """Raises UsageError where there is nothing to train again."""
    if champion_of(workspace, loop) is None:
        raise UsageError(
            f"{loop!r} has no champion, so there is nothing to train again",
            fix="Run `loopwright run` to make the first one.",
        )


def carry_out(workspace: Workspace, loaded: LoadedLoop, request: Request) -> Answered:
    """Let the controller start what was asked for, or run it here where none leads, and wait for its end.

    Raises:
        GraphError, LoopFileError: The loop is not one.
    """
    if somebody_leads(workspace):
        return Answered(request=request, waits="the controller starts it as soon as nothing is in its way")
    retrainer = Retrainer(workspace, loaded, fresh=True)
    if retrainer.answer_requests() is None:
        why = past_of(workspace, request.loop).suppressed.get(f"request:{request.id}", "another wish comes first")
        return Answered(request=request, waits=why)
    retrainer.wait()
    newest = retrains(workspace, request.loop, limit=1)
    return Answered(request=request, retrain=newest[0] if newest else None)
