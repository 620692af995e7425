"""How many requests came, or how many rows landed."""

from typing import Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.landings import landed_since
from loopwright.app.monitor.measures.logged_requests import NOT_LOGGED, by_period, is_logged, weight_of
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.rules.volume import VolumeRule


class VolumeMeasure:
    """Satisfies `Measure[VolumeRule]`. No request at all is a figure: 0."""

    def begin(self, rule: VolumeRule, look: Look) -> Any:
        """Where in the journal to go on from."""
        return None if rule.of is None else landed_since(look, rule.of, None).memory

    def read(self, rule: VolumeRule, look: Look, span: Span) -> Measured:
        """Requests by when they were received, rows by when they landed."""
        if rule.of is not None:
            found = landed_since(look, rule.of, span.memory)
            figures = tuple(PeriodFigure(at=at, value=float(n), n=n) for at, n in found.rows(span).items())
            return Measured(figures={"": figures}, memory=found.left(span))
        if not is_logged(look):
            return Measured(figures={"": (PeriodFigure(at=span.until - span.period, reason=NOT_LOGGED),)})
        counts = ((at, weight_of(rows)) for at, rows in by_period(look, span, ("status",)))
        return Measured(figures={"": tuple(PeriodFigure(at=at, value=float(n), n=n) for at, n in counts)})
