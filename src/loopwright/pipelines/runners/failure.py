"""What is told of a step that failed."""

import traceback
from types import TracebackType
from typing import Any

import msgspec

from loopwright.errors import (
    InternalError,
    LoopwrightError,
    StepFailedError,
)
from loopwright.pipelines.modules import Owner, owner_of_file

SOURCE_CHANGED = "source changed"
_MOST_FRAMES = 12
_LONGEST_MESSAGE = 2000


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failed step, as data.

    Attributes:
        step: The node's name.
        cause: The exception's type, or the signal.
        message: What the exception said.
        frames: `file:line in function` of the user's own code, outermost first; where that is empty, the last frames.
        hint: What to do, where there is something particular.
    """

    step: str
    cause: str
    message: str = ""
    frames: tuple[str, ...] = ()
    hint: str = ""

    def error(self) -> StepFailedError:
        """The error to raise."""
        what = f"the step {self.step!r} failed: {self.cause}" + (f": {self.message}" if self.message else "")
        why = f"at {self.frames[-1]}" if self.frames else ""
        return StepFailedError(what, why=why, fix=self.hint, step=self.step, cause=self.cause, frames=list(self.frames))


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """An error of our own, on its way from a child process."""

    code: str
    what: str
    why: str
    fix: str
    context: dict[str, Any] = {}

    def error(self) -> LoopwrightError:
        """The error to raise, of the class that has the code."""
        kind = _by_code(LoopwrightError).get(self.code, InternalError)
        return kind(self.what, why=self.why, fix=self.fix, **self.context)


def refusal_of(error: LoopwrightError) -> Refusal:
    """An error as data."""
    return Refusal(code=error.code, what=error.what, why=error.why, fix=error.fix, context=_sayable(error.context))


def _sayable(context: dict[str, object]) -> dict[str, Any]:
    """The context as JSON; what JSON cannot say is shown as text."""
    said: dict[str, Any] = msgspec.to_builtins(context, enc_hook=repr, str_keys=True)
    return said


def failure_of(step: str, error: BaseException) -> Failure:
    """What is told of an exception that the user's function raised."""
    message = str(error)
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + " …"
    hint = error.fix if isinstance(error, LoopwrightError) else ""
    frames = user_frames(error.__traceback__)
    return Failure(step=step, cause=type(error).__name__, message=message, frames=frames, hint=hint)


def user_frames(trace: TracebackType | None) -> tuple[str, ...]:
    """The frames of the user's own files; where there are none, the innermost ones."""
    frames = traceback.extract_tb(trace)
    mine = [frame for frame in frames if owner_of_file(frame.filename) is Owner.FIRST_PARTY]
    return tuple(f"{f.filename}:{f.lineno} in {f.name}" for f in (mine or frames[-3:])[-_MOST_FRAMES:])


def source_changed(step: str, file: str) -> Failure:
    """The failure of a step whose source was edited between the plan and the run."""
    return Failure(
        step=step,
        cause=SOURCE_CHANGED,
        message=f"{file} was edited while the run was under way",
        hint="Run again: the plan is made anew, and steps that had finished are not run again.",
    )


def _by_code(kind: type[LoopwrightError]) -> dict[str, type[LoopwrightError]]:
    found = {kind.code: kind}
    for child in kind.__subclasses__():
        found |= _by_code(child)
    return found
