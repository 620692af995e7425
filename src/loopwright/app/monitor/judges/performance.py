"""Performance by labels: the days of the last four months, each worked out anew when a label of it changes."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from loopwright.app.monitor.look import Judged, Look
from loopwright.app.monitor.quality_days import quality_record
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.loss import HISTORY_DAYS
from loopwright.monitoring.performance import finite, judge_performance
from loopwright.monitoring.quality_day import fingerprints, quality_day
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import DAY, MonitorRule
from loopwright.monitoring.slices import judge_slices
from loopwright.store.ledger import Record

PERFORMANCE_DAYS = HISTORY_DAYS


def split_columns(rules: Iterable[MonitorRule]) -> tuple[str, ...]:
    """The columns that performance is split by."""
    named = (by for rule in rules if isinstance(rule, PerformanceRule) for by in rule.by)
    return tuple(dict.fromkeys(named))


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """`since` is the first day that is held against the model; `seen` what each day's labels were when it was kept."""

    since: int = 0
    seen: dict[str, int] = {}


class PerformanceJudge:
    """Satisfies `Judge[PerformanceRule]` and `Resettable`."""

    def begin(self, rule: PerformanceRule, look: Look) -> Any:  # noqa: ARG002 - nothing is known yet
        """Nothing seen."""
        return msgspec.to_builtins(_State())

    def look(self, rule: PerformanceRule, state: Any, look: Look) -> Judged:
        """Judge the days before today, and keep the figures of those whose labels have changed."""
        if look.reference is None:
            return Judged(state=state)
        before = msgspec.convert(state or {}, _State)
        today = look.now // DAY
        rows = look.log.rows((today - PERFORMANCE_DAYS) * DAY).until(today * DAY)
        seen, records = _kept(rule, look, rows, before=before)
        held = rows.since(before.since * DAY)
        verdict = judge_performance(rule, look.reference, held, today=today)
        slices = judge_slices(rule, look.reference, held, today=today) if rule.by else ()
        return Judged(
            state=msgspec.to_builtins(_State(since=before.since, seen=seen)),
            verdicts=(verdict, *slices),
            records=records,
        )

    def reset(self, rule: PerformanceRule, state: Any, look: Look) -> Any:  # noqa: ARG002 - days alone decide
        """Days until now are held against the model no more; their figures stay."""
        return msgspec.to_builtins(msgspec.structs.replace(msgspec.convert(state or {}, _State), since=look.now // DAY))


def _kept(
    rule: PerformanceRule, look: Look, rows: LabelledRequests, *, before: _State
) -> tuple[dict[str, int], tuple[Record, ...]]:
    """What each day's labels are now, and the records of the days where that has changed."""
    seen = dict(_days(rows))
    records = []
    for day, labels in seen.items():
        if before.seen.get(day) == labels:
            continue
        of_day = finite(rows.since(int(day) * DAY).until((int(day) + 1) * DAY))
        found = quality_day(
            of_day,
            day=int(day),
            version=look.version,
            task=look.signature.task,
            classes=look.signature.classes,
            metric=rule.metric,
            cost=rule.cost,
        )
        records.append(quality_record(look.loop.name, rule, found, now=look.now))
    return seen, tuple(records)


def _days(rows: LabelledRequests) -> Iterator[tuple[str, int]]:
    days, starts = np.unique(rows.event_time // DAY, return_index=True)
    if days.size:
        yield from zip((str(day) for day in days), fingerprints(rows, starts), strict=True)
