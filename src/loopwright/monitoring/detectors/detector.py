"""The one interface of drift detectors."""

from typing import Generic, Protocol, TypeVar

from loopwright.core.verdict import Verdict
from loopwright.monitoring.window import Window

S = TypeVar("S")


class DriftDetector(Protocol, Generic[S]):
    """Judges windows against a reference that it was made with. Pure: states are values, plain JSON, resumed at will.

    `fail` is an alarm; `unknown` is too little evidence either way; a verdict's `details["columns"]` ranks the columns,
    the most moved first.
    """

    def start(self, *, after: int | None = None) -> S:
        """Nothing seen yet; days up to `after` will not be judged: they were the reference's, or another version's."""

    def update(self, state: S, window: Window, *, through: int) -> S:
        """The state after the window's days before the day `through` (days since 1970, UTC).

        Days that were judged already and days from `through` on, which may not be complete, are left alone; so a window
        may be given again with more days.
        """

    def verdict(self, state: S) -> Verdict:
        """What the state amounts to."""

    def reset(self, state: S) -> S:
        """The state after its alarm was dealt with: what was learned stays, what was held against the stream goes."""
