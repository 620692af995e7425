"""A clock that moves only when it is told to."""

from threading import Lock

from loopwright.core.clock import SECOND, Micros

START: Micros = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z."""


class ManualClock:
    """A `Clock` for tests: `sleep` returns at once and moves it. Safe from several threads."""

    def __init__(self, at: Micros = START) -> None:
        self._at = at
        self._monotonic_us = 0
        self._lock = Lock()

    def now(self) -> Micros:
        """Where it was set, moved by what has passed since."""
        return self._at

    def monotonic(self) -> float:
        """Seconds that have passed; setting the time does not change it."""
        return self._monotonic_us / SECOND

    def sleep(self, seconds: float) -> None:
        """Let that time pass."""
        self.advance(round(seconds * SECOND))

    def advance(self, by: Micros) -> None:
        """Let `by` microseconds pass.

        Raises:
            ValueError: Time would go back.
        """
        if by < 0:
            raise ValueError("time does not go back; use set")
        with self._lock:
            self._at += by
            self._monotonic_us += by

    def set(self, at: Micros) -> None:
        """Set the workspace's time, backwards too, as an administrator may."""
        with self._lock:
            self._at = at
