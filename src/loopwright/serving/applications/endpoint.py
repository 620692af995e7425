"""An application's endpoint: the right arm answers, the champion where that one fails, and all of it is logged.

What the caller did wrong, a guard, or a budget is told to the caller. What an upstream fails is the arm's failure.
Where an arm on trial refuses a call, or cannot render its prompt for it, the champion is the judge: if it answers, the
arm has failed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from loopwright.core.clock import Micros
from loopwright.errors import (
    ArmFailedError,
    LoopwrightError,
    NotFoundError,
    NotReadyError,
    PromptError,
    UpstreamError,
    UpstreamRefusedError,
)
from loopwright.llm.answer_cache import CacheHit
from loopwright.llm.ask import Reply
from loopwright.serving.applications.arms import ApplicationArm, ApplicationArms
from loopwright.serving.applications.call import GenerationCall
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.default import DEFAULT, default_reply, has_default
from loopwright.serving.applications.rows import LEFT, Ended
from loopwright.serving.applications.shadows import Shadows
from loopwright.serving.applications.stream import GenerationStream
from loopwright.serving.applications.tools import EndpointTools, count_failure
from loopwright.serving.failure import as_failure, cause_of
from loopwright.serving.observer import ArmLabel

T = TypeVar("T")
Asking = Callable[[Course], Awaitable[T]]
_ARMS_OWN = (UpstreamError, ArmFailedError)
_JUDGED = (UpstreamRefusedError, PromptError)


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that came whole, and how it came about."""

    course: Course
    reply: Reply


class ApplicationEndpoint:
    """One name that is asked for answers. Lives on one event loop.

    Args:
        name: The endpoint's.
        tools: What it works with.

    Attributes:
        since: When its first version was loaded, by the workspace's clock; 0 before.
    """

    def __init__(self, name: str, tools: EndpointTools) -> None:
        self.name = name
        self.since: Micros = 0
        self._tools = tools
        self._arms: ApplicationArms | None = None
        self._streams = 0
        self._shadows = Shadows(tools)

    @property
    def arms(self) -> ApplicationArms | None:
        """The arms that answer now; None until the first champion is loaded."""
        return self._arms

    def switch(self, arms: ApplicationArms) -> None:
        """From the next call on, these arms answer."""
        self._arms = arms
        self.since = self.since or self._tools.clock.now()

    def answering(self) -> ApplicationArms:
        """The arms that answer now. Raises NotReadyError."""
        if self._arms is None:
            raise NotReadyError(f"endpoint {self.name!r} has no version loaded yet")
        return self._arms

    async def answer(self, call: GenerationCall) -> Generated:
        """Answer a call whole; the row is in the log before this returns.

        Raises:
            PromptError, GuardBlockedError, RequestRefusedError, UpstreamRefusedError: The caller's.
            BudgetExceededError, RateLimitedError, PriceUnknownError: No budget.
            NotReadyError, NotFoundError, UpstreamError, ArmFailedError, StoreError: As they say.
        """
        arms = self.answering()
        course, reply = await self._through(arms, call, self._tools.responder.whole, default=_given)
        await self._log(course)
        self._answered(arms, course)
        return Generated(course=course, reply=reply)

    async def stream(self, call: GenerationCall) -> GenerationStream:
        """Answer a call piece by piece; returned once the first piece is there. Raises as `answer`."""
        arms = self.answering()
        responder = self._tools.responder
        course, source = await self._through(arms, call, responder.begin, default=_as_hit)
        self._streams += 1

        def ended(course: Course, status: int, error: LoopwrightError | None) -> None:
            self._streams -= 1
            self._stream_ended(arms, course, status=status, error=error)

        return GenerationStream(course, source, responder=responder, on_end=ended)

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        while self._streams or not self._shadows.idle or not self._tools.recorder.idle:
            await asyncio.sleep(0.01)

    async def _through(
        self, arms: ApplicationArms, call: GenerationCall, ask: Asking[T], *, default: Callable[[Reply], T]
    ) -> tuple[Course, T]:
        """Ask the arm that a call belongs to, and where it fails, those that stand behind it."""
        failed: list[tuple[Course, LoopwrightError]] = []
        for arm in self._line(arms, call):
            course = self._course(arms, call, arm, failed=failed[0][0].arm.spec.name if failed else None)
            try:
                answer = await ask(course)
            except asyncio.CancelledError:
                self._tools.recorder.note(course, self._ended(status=LEFT))
                raise
            except Exception as error:  # boundary: one version; the next in line answers, or the caller is told
                failure = as_failure(error)
                if not self._may_pass_on(arms, arm, failure):
                    self._refused(course, failure)
                    raise failure from error
                failed.append((course, failure))
                continue
            self._count(arms, failed)
            return course, answer
        self._count(arms, [(course, error) for course, error in failed if isinstance(error, _ARMS_OWN)])
        course, failure = failed[-1]
        if has_default(call, arms.spec.default) and call.pinned is None:
            made = self._default_course(arms, call, failed=failed[0][0].arm.spec.name)
            return made, default(default_reply(call, arms.spec.default or {}))
        self._refused(course, failure)
        raise failure

    def _line(self, arms: ApplicationArms, call: GenerationCall) -> list[ApplicationArm]:
        """Who is asked, one after the other."""
        if call.pinned is not None:
            pinned = arms.by_version(call.pinned)
            if pinned is None:
                raise NotFoundError(
                    f"version {call.pinned[:64]!r} of {self.name!r} does not answer now",
                    why="a version is named by its digest or at least the first 8 characters of it",
                )
            return [pinned]
        chosen = arms.choose(call)
        line = [chosen] if chosen is arms.champion else [chosen, arms.champion]
        return [*line, arms.previous] if arms.previous is not None else line

    def _course(
        self, arms: ApplicationArms, call: GenerationCall, arm: ApplicationArm, *, failed: str | None
    ) -> Course:
        charge = call.id if failed is None else f"{call.id}~{arm.spec.name}"
        return Course(call, arm, arms.label_of(arm, call), charge_id=charge, fallback_from=failed)

    def _default_course(self, arms: ApplicationArms, call: GenerationCall, *, failed: str) -> Course:
        champion = arms.champion.label
        label = ArmLabel(
            endpoint=champion.endpoint, release=champion.release, arm=DEFAULT, version=champion.version
        )  # fmt: skip
        return Course(call, arms.champion, label, charge_id=f"{call.id}~{DEFAULT}", fallback_from=failed)

    def _may_pass_on(self, arms: ApplicationArms, arm: ApplicationArm, failure: LoopwrightError) -> bool:
        """Whether another one is asked after this failure."""
        if isinstance(failure, _ARMS_OWN):
            return True
        return isinstance(failure, _JUDGED) and arm in arms.canaries

    def _count(self, arms: ApplicationArms, failed: list[tuple[Course, LoopwrightError]]) -> None:
        for course, error in failed:
            self._tools.observer.failed(course.label, course.call.at, cause_of(error))
            if course.arm is not arms.champion:
                count_failure(arms, course.arm, error, on_trip=self._tools.on_trip)

    def _ended(self, *, status: int = 200, error: str | None = None) -> Ended:
        return Ended(now=self._tools.clock.monotonic(), status=status, error=error)

    async def _log(self, course: Course) -> None:
        """Keep the row of an answer before it is given. Raises StoreError."""
        try:
            await self._tools.recorder.keep(course, self._ended())
        except LoopwrightError as error:
            self._tools.observer.failed(course.label, course.call.at, error.code)
            raise

    def _answered(self, arms: ApplicationArms, course: Course) -> None:
        tools, arm = self._tools, course.arm
        if course.label.arm == arm.spec.name and arm is not arms.champion:
            arm.health.succeeded()
        tools.observer.answered(course.label, course.call.at, (tools.clock.monotonic() - course.call.started,))
        tools.figures.generated(course)
        if arms.shadows:
            self._shadows.copy(arms, course.call)

    def _refused(self, course: Course, error: LoopwrightError) -> None:
        """Count and log a call that gets no answer."""
        tools, call = self._tools, course.call
        arm = course.label.arm if isinstance(error, _ARMS_OWN) else ""
        label = ArmLabel(
            endpoint=self.name, release=course.label.release, arm=arm, version=course.label.version
        )  # fmt: skip
        if not arm:
            tools.observer.failed(label, call.at, error.code)
        course.label = label
        tools.recorder.note(course, self._ended(status=status_of(error), error=error.code))
        tools.figures.generated(course)

    def _stream_ended(
        self, arms: ApplicationArms, course: Course, *, status: int, error: LoopwrightError | None
    ) -> None:
        tools = self._tools
        code = None if error is None else error.code
        tools.recorder.note(course, self._ended(status=status, error=code))
        if status == LEFT:
            tools.figures.generated(course)
        elif isinstance(error, _ARMS_OWN):
            self._count(arms, [(course, error)])
            tools.figures.generated(course)
        else:
            self._answered(arms, course)


def status_of(error: LoopwrightError) -> int:
    """The HTTP status that goes with an error."""
    return int(str(error.context.get("http_status", error.http_status)))


def _given(reply: Reply) -> Reply:
    return reply


def _as_hit(reply: Reply) -> CacheHit:
    return CacheHit(reply=reply, how="exact", age_s=0.0)
