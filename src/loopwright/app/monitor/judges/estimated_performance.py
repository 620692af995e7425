"""Performance before labels are there: each day's requests once, and how far off it was once the labels came."""

from typing import Any

import msgspec
import numpy as np

from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.quality_days import quality_record
from loopwright.app.observed import model_columns, scores_of
from loopwright.app.promised import estimation_of
from loopwright.app.versions import manifest_of
from loopwright.monitoring.estimate import Estimation, foretold_losses, outside
from loopwright.monitoring.estimated_performance import DayOfRequests, judge_estimate, realised
from loopwright.monitoring.loss import HISTORY_DAYS
from loopwright.monitoring.performance import finite
from loopwright.monitoring.quality_day import Estimate, QualityDay
from loopwright.monitoring.rules.estimated_performance import EstimatedPerformanceRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.store.ledger import Record

_AGAIN = 2
"""Days before the last one that are read again, for requests about them that came late."""
_ANSWERED_AHEAD = 3
"""Days before a day's start in which requests about it may have been received."""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """`through` is the first day that has not been read; `days` what was estimated, by day."""

    through: int
    since: int = 0
    days: dict[str, DayOfRequests] = {}


class EstimatedPerformanceJudge:
    """Satisfies `Judge[EstimatedPerformanceRule]` and `Resettable`."""

    def begin(self, rule: EstimatedPerformanceRule, look: Look) -> Any:  # noqa: ARG002 - nothing is known yet
        """The day of the change is partial and is not judged."""
        return msgspec.to_builtins(_State(through=look.now // DAY + 1))

    def look(self, rule: EstimatedPerformanceRule, state: Any, look: Look) -> Judged:
        """Read the days that are over, and hold earlier estimates against the labels that have come."""
        found = estimation_of(look.workspace, manifest_of(look.workspace, look.version))
        if look.reference is None or found is None:
            return Judged(state=state, verdicts=(judge_estimate(rule, look.reference, None, days={}, today=0),))
        about, models = found
        today = look.now // DAY
        before = msgspec.convert(state or {"through": today - 1}, _State)
        read = _read(rule, look, about, models=models, first=min(before.through, today - _AGAIN), today=today)
        days = {day: known for day, known in (before.days | read).items() if int(day) > today - HISTORY_DAYS}
        rows = finite(look.log.rows((today - HISTORY_DAYS) * DAY).until(today * DAY))
        days = realised(rule, days, rows, classes=look.signature.classes)
        changed = {day: known for day, known in days.items() if before.days.get(day) != known}
        verdict = judge_estimate(rule, look.reference, about, days=days, today=today, since=before.since, rows=rows)
        return Judged(
            state=msgspec.to_builtins(_State(through=max(before.through, today), since=before.since, days=days)),
            verdicts=(verdict,),
            records=tuple(_record(rule, look, day=day, known=known) for day, known in changed.items()),
        )

    def reset(self, rule: EstimatedPerformanceRule, state: Any, look: Look) -> Any:  # noqa: ARG002 - days decide
        """Days until now are held against the model no more; their figures stay."""
        today = look.now // DAY
        return msgspec.to_builtins(
            msgspec.structs.replace(msgspec.convert(state or {"through": today}, _State), since=today)
        )


def _read(
    rule: EstimatedPerformanceRule, look: Look, about: Estimation, *, models: dict[str, Any], first: int, today: int
) -> dict[str, DayOfRequests]:
    """What the requests of each day from `first` on are estimated to come to."""
    rows = look.answered((first - _ANSWERED_AHEAD) * DAY)
    if not rows.height:
        return {}
    scores = scores_of(rows, look.signature)
    features = model_columns(rows, look.signature)
    known = np.isfinite(scores).reshape(rows.height, -1).all(axis=1)
    odd = outside(about, features)
    days = rows["event_time"].to_numpy() // DAY
    found = {}
    for day in np.unique(days[(days >= first) & (days < today)]):
        kept = known & (days == day)
        part = {name: values[kept] for name, values in features.items()}
        losses = foretold_losses(models, scores[kept], features=part, signature=look.signature) if kept.any() else {}
        found[str(day)] = DayOfRequests.of(rule, about, scores[kept], losses=losses, odd=odd[kept], day=int(day))
    return found


def _record(rule: EstimatedPerformanceRule, look: Look, *, day: str, known: DayOfRequests) -> Record:
    estimate = None
    if known.estimate is not None:
        low, high = known.interval or (known.estimate, known.estimate)
        share = known.outside / known.requests if known.requests else 0.0
        estimate = Estimate(metric=rule.metric, value=known.estimate, low=low, high=high, outside=share)
    found = QualityDay(
        day=int(day),
        version=look.version,
        requests=known.requests,
        labelled=known.labelled,
        figures={rule.metric: known.real} if known.real is not None else {},
        estimate=estimate,
    )
    return quality_record(look.loop.name, rule, found, now=look.now)
