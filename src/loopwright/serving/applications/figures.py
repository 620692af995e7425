"""What an application's calls are counted as: tokens, money, answers from the cache."""

from typing import Protocol

from loopwright.serving.applications.course import Course


class Figures(Protocol):
    """Counts calls that have ended. Must not raise, must not wait."""

    def generated(self, course: Course) -> None:
        """A call has ended, and what it took is in `course`."""


class NoFigures:
    """Counts nothing."""

    def generated(self, course: Course) -> None:
        """Nobody asks."""
