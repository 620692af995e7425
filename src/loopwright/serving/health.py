"""An arm's health in this worker: what happened to its requests, and whether the breaker has sent its share to zero."""

from collections import deque

import msgspec

_WINDOW = 50
_LEAST_ERRORS = 5
_MOST_ERROR_SHARE = 0.2
_MOST_IN_A_ROW = 3


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """Why an arm was stopped. `cause` is crash, hang, shape, error or load."""

    cause: str
    why: str
    requests: int
    failures: int


class ArmHealth:
    """Counts an arm's answers and failures in memory, and trips once, for good."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._in_a_row = 0
        self._requests = 0
        self._failures = 0
        self.tripped: Trip | None = None

    def stop(self, trip: Trip) -> None:
        """Stop the arm for a trip that another worker, or this one before a restart, has recorded."""
        if self.tripped is None:
            self.tripped = trip

    def succeeded(self) -> None:
        """The arm answered."""
        self._requests += 1
        self._in_a_row = 0
        self._recent.append(True)

    def failed(self, cause: str, why: str) -> Trip | None:
        """The arm failed a request.

        Returns:
            The trip, where this failure is the one that trips the arm.
        """
        self._requests += 1
        self._failures += 1
        self._in_a_row += 1
        self._recent.append(False)
        if self.tripped is not None or not (cause != "error" or self._burst()):
            return None
        self.tripped = Trip(cause=cause, why=why[:300], requests=self._requests, failures=self._failures)
        return self.tripped

    def _burst(self) -> bool:
        errors = self._recent.count(False)
        many = errors >= _LEAST_ERRORS and errors > _MOST_ERROR_SHARE * len(self._recent)
        return self._in_a_row >= _MOST_IN_A_ROW or many
