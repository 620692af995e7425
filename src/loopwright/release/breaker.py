"""The breaker: stops an arm at once when its requests fail, from one worker's memory alone.

Pure: `after(state, outcome)` counts, `trip(state, rule)` judges. A trip is for good: only a new
release closes the breaker.
"""

from typing import Literal

import msgspec

Outcome = Literal["answered", "error", "timeout", "crash", "shape"]
"""What became of a request: answered, the model raised, no answer in time, its process died, a wrong shape."""
_WINDOW_BITS = 512
_WINDOW = (1 << _WINDOW_BITS) - 1


class BreakerRule(msgspec.Struct, frozen=True, kw_only=True):
    """When an arm is stopped. The champion answers the requests that failed, so no caller pays for the patience.

    The defaults leave an arm alone that fails one request in twenty, as a champion may that is no better: over a
    release it would else be stopped by chance. A worse one is proven so by the guard of errors.

    Attributes:
        first_failures: Stopped where this many of its first requests failed and none was answered.
        failures_in_a_row: Stopped at this many failures without an answer between them.
        window: How many of the latest requests the share is taken of (at most 512).
        least_failures: Failures in the window under which their share is no reason.
        most_failure_share: Stopped where the share of failures in the window is greater.
        timeouts: Stopped at this many requests without an answer in time, in the window.
        crashes: Stopped at this many deaths of the process.
        wrong_shapes: Stopped at this many answers of wrong shape.
    """

    first_failures: int = 3
    failures_in_a_row: int = 6
    window: int = 50
    least_failures: int = 8
    most_failure_share: float = 0.3
    timeouts: int = 3
    crashes: int = 1
    wrong_shapes: int = 1


class BreakerState(msgspec.Struct, frozen=True, kw_only=True):
    """An arm's counts in one worker since it became an arm.

    `recent` holds the latest requests as bits, 1 for a failure, the latest lowest; `late` the same, 1 for a timeout.
    """

    requests: int = 0
    failures: int = 0
    late: int = 0
    crashes: int = 0
    wrong_shapes: int = 0
    in_a_row: int = 0
    recent: int = 0


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """Why an arm is stopped: the cause by name, in words, and the figures."""

    cause: Literal["timeout", "crash", "shape", "failures_in_a_row", "failure_share"]
    why: str
    requests: int
    failures: int


def after(state: BreakerState, outcome: Outcome) -> BreakerState:
    """The counts after one more request."""
    failed = outcome != "answered"
    return BreakerState(
        requests=state.requests + 1,
        failures=state.failures + failed,
        late=(state.late << 1 | (outcome == "timeout")) & _WINDOW,
        crashes=state.crashes + (outcome == "crash"),
        wrong_shapes=state.wrong_shapes + (outcome == "shape"),
        in_a_row=state.in_a_row + 1 if failed else 0,
        recent=(state.recent << 1 | failed) & _WINDOW,
    )


def trip(state: BreakerState, rule: BreakerRule) -> Trip | None:
    """Why the arm must be stopped now, or None."""
    seen = min(state.requests, rule.window, _WINDOW_BITS)
    lately = (state.recent & ((1 << seen) - 1)).bit_count()
    timeouts = (state.late & ((1 << seen) - 1)).bit_count()
    in_a_row = rule.first_failures if state.in_a_row == state.requests else rule.failures_in_a_row
    reasons: tuple[tuple[bool, str, str], ...] = (
        (state.crashes >= rule.crashes, "crash", f"its process died {state.crashes} time(s)"),
        (timeouts >= rule.timeouts, "timeout", f"{timeouts} of the last {seen} requests had no answer in time"),
        (state.wrong_shapes >= rule.wrong_shapes, "shape", f"{state.wrong_shapes} answer(s) had a wrong shape"),
        (state.in_a_row >= in_a_row, "failures_in_a_row", f"{state.in_a_row} requests failed in a row"),
        (
            lately >= rule.least_failures and lately > rule.most_failure_share * seen,
            "failure_share",
            f"{lately} of the last {seen} requests failed",
        ),
    )
    for holds, cause, why in reasons:
        if holds:
            return Trip(cause=cause, why=why, requests=state.requests, failures=state.failures)  # type: ignore[arg-type]
    return None
