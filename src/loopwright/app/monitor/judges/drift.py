"""Drift by the day: features and answers of each day that is over, labels a day later, since they come late."""

from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.app.monitor.look import Judged, Look
from loopwright.app.observed import model_columns, prediction_column
from loopwright.core.clock import Micros
from loopwright.monitoring.detectors.block_rank import BlockRankState
from loopwright.monitoring.drift import drift_report, incident_detector
from loopwright.monitoring.joined import join_labels
from loopwright.monitoring.reference import LABEL, PREDICTION, Reference, label_values
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.monitoring.window import Window, summarise
from loopwright.observations.labels import latest_labels

LOOK_BACK_DAYS = 3
REPORT_DAYS = 7
LABEL_LAG_DAYS = 1


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """`through` is the first day that has not been judged."""

    through: int
    detector: BlockRankState


class DriftJudge:
    """Satisfies `Judge[DriftRule]`."""

    def begin(self, rule: DriftRule, look: Look) -> Any:
        """The day of the change is partial and is not judged."""
        if look.reference is None:
            return None
        today = look.now // DAY
        return msgspec.to_builtins(
            _State(through=today + 1, detector=incident_detector(rule, look.reference).start(after=today))
        )

    def look(self, rule: DriftRule, state: Any, look: Look) -> Judged:
        """Judge every day that is over: the sequential rule takes them one by one, the report the last seven."""
        if look.reference is None:
            return Judged()
        before = msgspec.convert(state or self.begin(rule, look), _State)
        today = look.now // DAY
        window = _window(look, look.reference, through=before.through, today=today)
        detector = incident_detector(rule, look.reference)
        after = detector.update(before.detector, window, through=today)
        return Judged(
            state=msgspec.to_builtins(_State(through=today, detector=after)),
            verdicts=(detector.verdict(after),),
            reports=(drift_report(rule, look.reference, window.between(today - REPORT_DAYS)),),
        )

    def reset(self, rule: DriftRule, state: Any, look: Look) -> Any:
        """The days seen stay in the ranks; the evidence starts from nothing."""
        if look.reference is None or state is None:
            return state
        before = msgspec.convert(state, _State)
        detector = incident_detector(rule, look.reference)
        return msgspec.to_builtins(msgspec.structs.replace(before, detector=detector.reset(before.detector)))


def _window(look: Look, reference: Reference, *, through: int, today: int) -> Window:
    """The days since the last look, and a few before it for labels that came late and for the report."""
    first = min(through, today - REPORT_DAYS) - LOOK_BACK_DAYS
    rows = look.answered(first * DAY)
    if not rows.height:
        return Window()
    rows = rows.filter(pl.col("event_time") < today * DAY)
    columns = model_columns(rows, look.signature) | {PREDICTION: prediction_column(rows, look.signature)}
    seen = summarise(columns, rows["event_time"].to_numpy(), reference)
    settled = rows.filter(pl.col("event_time") < (today - LABEL_LAG_DAYS) * DAY)
    return Window(columns=seen.columns | _labels(look, reference, since=first * DAY, rows=settled).columns)


def _labels(look: Look, reference: Reference, *, since: Micros, rows: pl.DataFrame) -> Window:
    labels = latest_labels(look.workspace.stores.tables, look.loop.name, learned_since=since)
    if not rows.height or not labels.height:
        return Window()
    joined = join_labels(rows, labels, np.zeros(rows.height))
    times = joined.event_time[joined.labelled]
    values = label_values(joined.label, look.signature.task, look.signature.classes)
    return summarise({LABEL: values}, times, reference)
