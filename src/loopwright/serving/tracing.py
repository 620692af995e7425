"""What an endpoint tells a tracer. There is none unless one was asked for, and then a batch costs one comparison."""

from collections.abc import Sequence
from typing import Protocol

from loopwright.errors import LoopwrightError
from loopwright.observations.request_log import RequestRow
from loopwright.serving.intake import Prepared
from loopwright.serving.observer import ArmLabel
from loopwright.serving.outcome import Outcome
from loopwright.serving.pending import Pending


class Tracer(Protocol):
    """Makes spans of requests. Must not raise, must not wait; lives on one event loop.

    Times are monotonic seconds.
    """

    def prepared(self, prepared: Prepared, began: float, ended: float) -> None:
        """A batch was given its features."""

    def answered(
        self, outcome: Outcome, asked: Sequence[Pending], rows: Sequence[RequestRow], *, now: float
    ) -> Sequence[RequestRow]:
        """Requests are about to be logged and answered; returns their rows with the traces' ids."""

    def refused(self, label: ArmLabel, pending: Pending, row: RequestRow, *, error: LoopwrightError) -> RequestRow:
        """A request gets no prediction; returns its row with the trace's id."""

    def close(self) -> None:
        """Send what has not been sent yet, for a few seconds at most."""
