"""The one interface of detectors that judge a figure period by period."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from loopwright.core.clock import Micros
from loopwright.core.verdict import Verdict
from loopwright.monitoring.period_figure import PeriodFigure

S = TypeVar("S")


class FigureDetector(Protocol, Generic[S]):
    """Judges one figure, a period at a time. Pure: states are values, plain JSON, resumed at will.

    `fail` is an alarm, and stays one until the figure has been well for a while; `unknown` is too little to say.
    """

    def start(self, *, after: Micros = 0) -> S:
        """Nothing seen yet; periods that began before `after` are left alone."""

    def update(self, state: S, figures: Sequence[PeriodFigure], *, through: Micros) -> S:
        """The state after the figures of periods that began before `through`, in ascending order.

        Periods that were judged already are left alone, so a figure may be given again.
        """

    def verdict(self, state: S) -> Verdict:
        """What the state amounts to."""

    def reset(self, state: S) -> S:
        """The state after its alarm was dealt with: what was learned stays, what was held against the stream goes."""


def new_figures(
    figures: Sequence[PeriodFigure], *, judged_through: Micros, through: Micros
) -> tuple[PeriodFigure, ...]:
    """Those that began in `[judged_through, through)`, ascending, the first of each period."""
    found = {figure.at: figure for figure in reversed(figures) if judged_through <= figure.at < through}
    return tuple(found[at] for at in sorted(found))
