"""The age of the newest event of a dataset."""

from typing import Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.core.clock import SECOND, Micros, iso
from loopwright.data.parts import DatasetVersion, current
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.rules.freshness import FreshnessRule

AHEAD: Micros = 300 * SECOND
"""How far an event may lie in the future before a clock must be wrong."""


class FreshnessMeasure:
    """Satisfies `Measure[FreshnessRule]`. Ages are those of now: a period that was missed has none."""

    def begin(self, rule: FreshnessRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """Nothing to remember."""
        return None

    def read(self, rule: FreshnessRule, look: Look, span: Span) -> Measured:
        """By the event time; by when the rows became known, for a dataset that has none."""
        if not span.newest:
            return Measured(figures={})
        at = span.until - span.period
        version = current(look.workspace.stores, rule.of)
        return Measured(figures={"": (_age(at, version, now=look.now, began=span.began),)})


def _age(at: Micros, version: DatasetVersion | None, *, now: Micros, began: Micros) -> PeriodFigure:
    """A dataset that has never landed is as old as the watch on it, at least."""
    if version is None:
        return PeriodFigure(
            at=at, value=(now - began) / SECOND, reason="it has never landed; this is since it is watched"
        )
    timed = version.event_time is not None
    times = [part.last_event_at if timed else part.known_at for part in version.parts]
    known = [time for time in times if time is not None and time <= now + AHEAD]
    ahead = max((time for time in times if time is not None and time > now + AHEAD), default=None)
    skewed = "" if ahead is None else f"an event of {iso(ahead)[:19]}Z lies in the future: a clock is wrong"
    if not known:
        return PeriodFigure(at=at, reason=skewed or "none of its rows has an event time")
    return PeriodFigure(at=at, value=max(now - max(known), 0) / SECOND, n=len(known), reason=skewed)
