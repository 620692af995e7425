"""What a failure of an application's arm leads to."""

from collections.abc import Callable

from loopwright.errors import LoopwrightError
from loopwright.serving.applications.arms import ApplicationArm, ApplicationArms
from loopwright.serving.failure import cause_of
from loopwright.serving.health import Trip

OnTrip = Callable[[ApplicationArms, ApplicationArm, Trip], None]
"""Told when a breaker stops an arm. Must not raise or wait."""


def count_failure(arms: ApplicationArms, arm: ApplicationArm, error: LoopwrightError, *, on_trip: OnTrip) -> None:
    """Count a failure of an arm beside the champion; tells `on_trip` where it stops the arm."""
    trip = arm.health.failed(cause_of(error), f"{error.what}: {error.why}")
    if trip is not None:
        on_trip(arms, arm, trip)
