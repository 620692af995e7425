"""A version of an application as an evaluation asks it: the same way to an answer as a request has, and no other."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.core.clock import Clock
from loopwright.core.hashing import Digest
from loopwright.core.ids import IdSource
from loopwright.errors import GuardBlockedError, InternalError, LoopwrightError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.llm.ask import Ask
from loopwright.release.routing import Arm
from loopwright.serving.applications.arms import ApplicationArm
from loopwright.serving.applications.call import GenerationCall
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.loaded import LoadedApplication
from loopwright.serving.applications.responding import Responder
from loopwright.serving.observer import ArmLabel

CALLER = "evaluation"
"""Whom budgets see calling: one that is per key holds evaluations too, as the key `evaluation`."""
_LONGEST = 300


class ApplicationSubject:
    """One version. Lives on one event loop.

    Args:
        loaded: The version, open.
        endpoint: Whose.
        responder: Gives answers; its cache should be none, so that each repeat asks anew.
        clock: Times answers.
        ids: Names calls.
    """

    def __init__(
        self, loaded: LoadedApplication, *, endpoint: str, responder: Responder, clock: Clock, ids: IdSource
    ) -> None:
        self._loaded = loaded
        self._responder = responder
        self._clock = clock
        self._ids = ids
        label = ArmLabel(endpoint=endpoint, release=None, arm=CALLER, version=loaded.version)
        spec = Arm(name=CALLER, role="champion", version=loaded.version, share=1.0)
        self._arm = ApplicationArm(label=label, spec=spec, loaded=loaded)

    @property
    def version(self) -> Digest:
        """The version."""
        return self._loaded.version

    async def respond(self, case: Case, *, repeat: int) -> Answer:  # noqa: ARG002 - no cache stands between
        """The answer to a case; what goes wrong is in it."""
        return await self.answer(_body(case))

    async def answer(self, body: Mapping[str, Any]) -> Answer:
        """The answer to the body of a chat; what goes wrong is in it."""
        began = self._clock.monotonic()
        course = self._course(body)
        try:
            reply = await self._responder.whole(course)
        except GuardBlockedError as error:
            return self._ended(course, began, blocked_by=str(error.context.get("guard", "guard")))
        except LoopwrightError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            return self._ended(course, began, error=error.code, why=why[:_LONGEST])
        except Exception as error:  # noqa: BLE001 - boundary: one case; its answer records what happened
            return self._ended(
                course, began, error=InternalError.code, why=f"{type(error).__name__}: {error}"[:_LONGEST]
            )
        return self._ended(course, began, text=reply.text, tool_calls=tuple(dict(one) for one in reply.tool_calls))

    def _course(self, body: Mapping[str, Any]) -> Course:
        id_ = self._ids("req")
        call = GenerationCall(
            id=id_,
            ask=Ask(operation="chat", body=body),
            started=self._clock.monotonic(),
            at=self._clock.now(),
            caller=CALLER,
            headers={},
        )
        return Course(call, self._arm, self._arm.label, charge_id=id_, fallback_from=None)

    def _ended(self, course: Course, began: float, **said: Any) -> Answer:
        return Answer(
            passages=course.passages,
            usage=course.usage,
            cost_usd=course.spend.cost_usd if course.spend is not None else None,
            latency_us=int((self._clock.monotonic() - began) * 1e6),
            finish=course.finish,
            request_id=course.call.id,
            **said,
        )


def _body(case: Case) -> dict[str, Any]:
    said: dict[str, Any] = {"model": CALLER, "messages": [dict(message) for message in case.messages]}
    if case.variables:
        said["variables"] = dict(case.variables)
    if case.tools:
        said["tools"] = _listed(case.tools)
    return said


def _listed(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(tool) for tool in tools]
