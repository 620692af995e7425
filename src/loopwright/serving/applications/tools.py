"""What the application endpoints of one worker share, and what a failure of an arm leads to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError
from loopwright.serving.applications.arms import ApplicationArm, ApplicationArms
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.recording import Recorder
from loopwright.serving.applications.responding import Responder
from loopwright.serving.failure import cause_of
from loopwright.serving.health import Trip
from loopwright.serving.observer import Observer

OnTrip = Callable[[ApplicationArms, ApplicationArm, Trip], None]
"""Told when a breaker stops an arm. Must not raise or wait."""


class Figures(Protocol):
    """Counts calls that have ended. Must not raise, must not wait."""

    def generated(self, course: Course) -> None:
        """A call has ended, and what it took is in `course`."""

    def looked_up(self, counts: Mapping[str, int]) -> None:
        """What became of look-ups in the cache since the process was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTools:
    """What the endpoints of one worker share.

    Attributes:
        clock: The workspace's.
        observer: Counts requests by arm.
        figures: Counts tokens and money.
        recorder: Keeps rows and spans.
        responder: Lets arms answer.
        on_trip: Told when a breaker stops an arm.
    """

    clock: Clock
    observer: Observer
    figures: Figures
    recorder: Recorder
    responder: Responder
    on_trip: OnTrip


def count_failure(arms: ApplicationArms, arm: ApplicationArm, error: LoopwrightError, *, on_trip: OnTrip) -> None:
    """Count a failure of an arm beside the champion; tells `on_trip` where it stops the arm."""
    trip = arm.health.failed(cause_of(error), f"{error.what}: {error.why}")
    if trip is not None:
        on_trip(arms, arm, trip)
