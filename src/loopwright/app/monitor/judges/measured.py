"""Rules on figures of periods: each period that is over is read once, and given to the detectors of the rule's
figures."""

from collections.abc import Iterator
from typing import Any

import msgspec

from loopwright.app.labelled_log import settled_until
from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.app.monitor.measures.table import MEASURES
from loopwright.app.monitor.watch import load_watch
from loopwright.core.clock import Micros
from loopwright.core.verdict import Verdict
from loopwright.monitoring.measured import figure_detectors
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.rules.measured import HOUR, MeasuredRule

MOST_PERIODS = 1_440
"""Periods that are made up for after the watch stood still; of more, the newest ones."""
NOT_WATCHED = "nobody watched then and nothing came: it may have been switched off"


class MeasuredState(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one rule from look to look.

    Attributes:
        through: The beginning of the first period not judged.
        began: When the rule began to be watched.
        parts: State of each figure's detector.
        memory: The measure's own.
        format_version: Of this struct.
    """

    through: Micros
    began: Micros
    parts: dict[str, Any]
    memory: Any = None
    format_version: int = 1


class MeasuredJudge:
    """Satisfies `Judge[MeasuredRule]` and `Resettable`."""

    def begin(self, rule: MeasuredRule, look: Look) -> Any:
        """Operations go on whichever version is champion: what was learned under the one before is kept.

        Not where it was learned of periods that lie ahead: the clock was wrong then.
        """
        watch = load_watch(look.workspace, look.loop.name)
        before = None if watch is None else watch.states.get(rule.name)
        if before is None or msgspec.convert(before, MeasuredState).through > look.now + rule.every:
            return msgspec.to_builtins(_fresh(rule, look))
        return before

    def look(self, rule: MeasuredRule, state: Any, look: Look) -> Judged:
        """Judge the periods that are over and settled since the last look."""
        before = msgspec.convert(state, MeasuredState) if state is not None else _fresh(rule, look)
        after = before
        for span in _spans(rule, look, before):
            after = _advanced(rule, look, after, span=span)
        return Judged(
            state=msgspec.to_builtins(after),
            verdicts=_verdicts(rule, after),
            cause=rule.cause(look.loop.name),
        )

    def reset(self, rule: MeasuredRule, state: Any, look: Look) -> Any:
        """See `Resettable`."""
        before = msgspec.convert(state, MeasuredState) if state is not None else _fresh(rule, look)
        parts = {
            part: msgspec.to_builtins(detector.reset(msgspec.convert(before.parts[part], kind)))
            for part, (detector, kind) in figure_detectors(rule).items()
            if part in before.parts
        }
        return msgspec.to_builtins(msgspec.structs.replace(before, parts=parts))


def _fresh(rule: MeasuredRule, look: Look) -> MeasuredState:
    """The period under way is partial; the first whole one is the next."""
    after = (look.now // rule.every + 1) * rule.every
    parts = {
        part: msgspec.to_builtins(detector.start(after=after)) for part, (detector, _) in figure_detectors(rule).items()
    }
    return MeasuredState(through=after, began=look.now, parts=parts, memory=MEASURES[type(rule)].begin(rule, look))


def _spans(rule: MeasuredRule, look: Look, state: MeasuredState) -> Iterator[Span]:
    """The periods to be judged, an hour of them at a time, so that no span is too much to read."""
    every = rule.every
    until = min(settled_until(look.workspace), look.now + 1) // every * every
    since = max(-(-state.through // every) * every, until - MOST_PERIODS * every)
    step = max(HOUR // every, 1) * every
    for first in range(since, until, step):
        last = min(first + step, until)
        yield Span(since=first, until=last, period=every, began=state.began, newest=last == until)


def _advanced(rule: MeasuredRule, look: Look, state: MeasuredState, *, span: Span) -> MeasuredState:
    read: Measured = MEASURES[type(rule)].read(rule, look, msgspec.structs.replace(span, memory=state.memory))
    watched_from = look.now - look.now % span.period - 3 * span.period
    parts = dict(state.parts)
    for part, (detector, kind) in figure_detectors(rule).items():
        figures = [_believed(figure, watched_from) for figure in read.figures.get(part, ())]
        before = msgspec.convert(parts[part], kind) if part in parts else detector.start(after=span.since)
        parts[part] = msgspec.to_builtins(detector.update(before, figures, through=span.until))
    return msgspec.structs.replace(state, through=span.until, parts=parts, memory=read.memory)


def _believed(figure: PeriodFigure, watched_from: Micros) -> PeriodFigure:
    """A count of nothing from before the watch was taken up again is no count: everything may have been off."""
    if figure.at >= watched_from or figure.n or figure.value != 0:
        return figure
    return PeriodFigure(at=figure.at, reason=NOT_WATCHED)


def _verdicts(rule: MeasuredRule, state: MeasuredState) -> tuple[Verdict, ...]:
    return tuple(
        detector.verdict(msgspec.convert(state.parts[part], kind))
        for part, (detector, kind) in figure_detectors(rule).items()
        if part in state.parts
    )
