"""An arm's health in this worker: what became of its requests, and whether the breaker has stopped it."""

from typing import cast

import msgspec

from loopwright.release.breaker import BreakerRule, BreakerState, Outcome, after, trip

_OUTCOMES = frozenset({"error", "timeout", "crash", "shape"})
_MOST_WORDS = 300


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """Why an arm was stopped.

    Attributes:
        cause: As the breaker names it (crash, timeout, shape, failures_in_a_row, failure_share), or `load`: it never
            came up.
        why: The same in words, with the last failure; it may quote the model's own error.
        requests: How many requests it was sent by this worker.
        failures: How many of them it failed.
    """

    cause: str
    why: str
    requests: int = 0
    failures: int = 0


class ArmHealth:
    """Counts an arm's answers and failures in memory, and trips once, for good."""

    def __init__(self, rule: BreakerRule | None = None) -> None:
        self._rule = rule or BreakerRule()
        self._state = BreakerState()
        self.tripped: Trip | None = None

    def stop(self, reason: Trip) -> None:
        """Stop the arm for a reason that no counter shows."""
        if self.tripped is None:
            self.tripped = reason

    def succeeded(self) -> None:
        """The arm answered."""
        self._state = after(self._state, "answered")

    def failed(self, cause: str, why: str) -> Trip | None:
        """The arm failed a request.

        Args:
            cause: `crash`, `timeout`, `shape`, or anything else for an error.
            why: What happened, in words.

        Returns:
            The trip, where this failure is the one that trips the arm.
        """
        self._state = after(self._state, cast("Outcome", cause if cause in _OUTCOMES else "error"))
        found = trip(self._state, self._rule)
        if self.tripped is not None or found is None:
            return None
        words = f"{found.why}; the last one: {why}"[:_MOST_WORDS]
        self.tripped = Trip(cause=found.cause, why=words, requests=found.requests, failures=found.failures)
        return self.tripped
