"""What a version's failure is called and what it leads to."""

from collections.abc import Callable

from loopwright.errors import ArmFailedError, LoopwrightError
from loopwright.serving.arms import ArmSet, CanaryArm
from loopwright.serving.health import Trip

OnTrip = Callable[[ArmSet, CanaryArm, Trip], None]
"""Told when a breaker stops an arm. Must not raise or wait."""


def as_failure(error: Exception) -> LoopwrightError:
    """What a version raised, as an error of ours."""
    if isinstance(error, LoopwrightError):
        return error
    return ArmFailedError("the version raised", why=f"{type(error).__name__}: {error}"[:500], cause="error")


def cause_of(error: LoopwrightError) -> str:
    """Crash, timeout, shape or error."""
    return str(error.context.get("cause", "error"))


def count_failure(arms: ArmSet, canary: CanaryArm, error: LoopwrightError, *, on_trip: OnTrip) -> None:
    """Count a failure of a version in a child; tells `on_trip` where it stops the arm.

    One that was let go while it was asked has not failed.
    """
    if canary.client.state == "closed":
        return
    trip = canary.health.failed(cause_of(error), f"{error.what}: {error.why}")
    if trip is not None:
        on_trip(arms, canary, trip)
