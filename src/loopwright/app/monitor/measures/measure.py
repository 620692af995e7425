"""The one interface of measures."""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import msgspec

from loopwright.app.monitor.look import Look
from loopwright.core.clock import Micros
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.rules.measured import MeasuredRule

R_contra = TypeVar("R_contra", bound=MeasuredRule, contravariant=True)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which periods are asked for.

    Attributes:
        since, until: From the beginning of the first period to the end of the last one.
        period: Length of one, in microseconds.
        began: When the rule began to be watched.
        memory: What the measure wanted back from the look before.
        newest: Whether the last period is the one that ended just now; a figure of the present moment is of that one.
    """

    since: Micros
    until: Micros
    period: Micros
    began: Micros
    memory: Any = None
    newest: bool = True

    def periods(self) -> Iterator[Micros]:
        """The beginning of each period, ascending."""
        yield from range(self.since, self.until, self.period)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was read.

    Attributes:
        figures: Of each period that there is something to say of, by the figure's part.
        memory: What the measure wants back the next time, as plain JSON.
    """

    figures: dict[str, tuple[PeriodFigure, ...]]
    memory: Any = None


class Measure(Protocol[R_contra]):
    """Reads the figures of one kind of rule. Without state of its own; reads the asked periods, and no more."""

    def begin(self, rule: R_contra, look: Look) -> Any:
        """The memory of a rule that begins to be watched."""

    def read(self, rule: R_contra, look: Look, span: Span) -> Measured:
        """The figures of the periods. Where something is missing a figure has no value and says why."""
