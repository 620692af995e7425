"""Shadows: versions that are given copies of calls once these have been answered, and that nobody waits for.

Their answers cost what answers cost: budgets are asked, and rows say it.
"""

import asyncio

import msgspec

from loopwright.errors import BudgetExceededError, LoopwrightError, PriceUnknownError, RateLimitedError, StoreError
from loopwright.llm.ask import Ask
from loopwright.serving.applications.arms import ApplicationArm, ApplicationArms
from loopwright.serving.applications.call import GenerationCall
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.rows import Ended
from loopwright.serving.applications.tools import EndpointTools, count_failure
from loopwright.serving.failure import as_failure, cause_of

MOST_UNDER_WAY = 64
_NO_FAILURE = (BudgetExceededError, RateLimitedError, PriceUnknownError, StoreError)


class Shadows:
    """Asks the shadows of one endpoint. Lives on one event loop. Where so many copies are under way, more are dropped
    and counted."""

    def __init__(self, tools: EndpointTools, *, most: int = MOST_UNDER_WAY) -> None:
        self._tools = tools
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether no copy is under way."""
        return not self._tasks

    def copy(self, arms: ApplicationArms, call: GenerationCall) -> None:
        """Give the shadows their copies of a call that has been answered. Never waits."""
        for shadow in arms.mirrored(call):
            if not shadow.answers or len(self._tasks) >= self._most:
                self._tools.observer.shadow_dropped(shadow.label, 1)
                continue
            task = asyncio.get_running_loop().create_task(self._ask(arms, shadow, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, arms: ApplicationArms, shadow: ApplicationArm, call: GenerationCall) -> None:
        tools = self._tools
        copy = _copy_of(call, tools.clock.monotonic())
        charge = f"{call.id}~{shadow.spec.name}"
        course = Course(copy, shadow, shadow.label, charge_id=charge, fallback_from=None)
        status, code = 200, None
        try:
            await tools.responder.whole(course)
        except _NO_FAILURE:
            tools.observer.shadow_dropped(shadow.label, 1)
            return
        except Exception as error:  # noqa: BLE001 - boundary: the version in the shadow; counted, nobody waits for it
            failure = as_failure(error)
            status, code = failure.http_status, failure.code
            self._failed(arms, course, failure)
        else:
            shadow.health.succeeded()
            tools.observer.answered(shadow.label, call.at, (tools.clock.monotonic() - copy.started,))
        tools.figures.generated(course)
        ended = Ended(now=tools.clock.monotonic(), status=status, error=code)
        tools.recorder.note(course, ended, shadow=True)

    def _failed(self, arms: ApplicationArms, course: Course, failure: LoopwrightError) -> None:
        self._tools.observer.failed(course.label, course.call.at, cause_of(failure))
        count_failure(arms, course.arm, failure, on_trip=self._tools.on_trip)


def _copy_of(call: GenerationCall, now: float) -> GenerationCall:
    """The same call, to be answered whole."""
    ask: Ask = call.ask
    if ask.stream:
        ask = msgspec.structs.replace(ask.changed(stream=None, stream_options=None), stream=False)
    return msgspec.structs.replace(call, ask=ask, started=now, pinned=None)
