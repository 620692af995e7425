"""Drift rules at work: a rule and a reference make the two detectors; their verdicts feed incidents and reports."""

from typing import Any, Protocol

import msgspec
import numpy as np

from loopwright.core.verdict import Verdict
from loopwright.errors import UsageError
from loopwright.monitoring.detectors.block_rank import BlockRank, WatchedColumn
from loopwright.monitoring.detectors.detector import DriftDetector
from loopwright.monitoring.detectors.row_bets import RowBets
from loopwright.monitoring.detectors.window_report import WindowReport
from loopwright.monitoring.independence import reference_independence
from loopwright.monitoring.reference import DAY, ColumnReference, Reference
from loopwright.monitoring.report_rule import Ruling
from loopwright.monitoring.rules.drift import AUTO, DriftRule
from loopwright.monitoring.window import Window
from loopwright.monitoring.yardstick import BlockYardstick, DailyYardstick, Yardstick, one_season, seasons_for

AUTO_ROWS = "500 rows"
AUTO_BLOCKS = "1d"


class IncidentDetector(DriftDetector[Any], Protocol):
    """A sequential detector: over rows or over blocks of time, each with a state of its own."""

    def accepts(self, state: Any) -> bool:
        """Whether a state of the right type is of the columns that this detector watches."""


def settled(rule: DriftRule, reference: Reference) -> DriftRule:
    """The rule with its window settled: of `auto`, windows of rows where the reference shows rows to be independent.

    Without event times nothing shows it, and nothing speaks against it: rows then, since there are no days.
    """
    if rule.window != AUTO:
        return rule
    if not reference.timed:
        return msgspec.structs.replace(rule, window=AUTO_ROWS)
    rows = rule.reference == "frozen" and reference_independence(reference).independent
    return msgspec.structs.replace(rule, window=AUTO_ROWS if rows else AUTO_BLOCKS)


def incident_detector(rule: DriftRule, reference: Reference) -> IncidentDetector:
    """The sequential rule, whose `fail` opens an incident: over rows or over blocks of time, as the rule's window says.

    It must be the same rule and reference from look to look, since states are flat arrays in the reference's order.

    Raises:
        UsageError: The rule names a column that the model does not have.
    """
    _check(rule, reference)
    window = settled(rule, reference)
    if window.rows is not None:
        return RowBets(
            reference,
            mean_time_between_false_alarms=rule.mean_time_between_false_alarms,
            least_effect=window.floor,
            columns=rule.columns,
            name=rule.name,
        )
    return BlockRank(
        reference,
        mean_time_between_false_alarms=rule.mean_time_between_false_alarms,
        least_effect=window.floor,
        columns=rule.columns,
        name=rule.name,
        watched=[
            WatchedColumn(column=column, yardstick=yardstick)
            for column in reference.columns
            if (yardstick := _yardstick(window, column, reference)) is not None
        ],
    )


def resumed(detector: IncidentDetector, state: Any, *, after: int | None = None) -> Any:
    """The detector's state from plain JSON; a new one where it is of another kind of window or of other columns.

    Args:
        detector: The rule's.
        state: As it was written, or None.
        after: As in `start`, for a new one.
    """
    fresh = detector.start(after=after)
    try:
        found = msgspec.convert(state, type(fresh))
    except msgspec.ValidationError:
        return fresh
    return found if detector.accepts(found) else fresh


def drift_report(rule: DriftRule, reference: Reference, window: Window) -> Verdict:
    """The report rule on one window: pass, warn or unknown, with a line a column.

    Raises:
        UsageError: The rule names a column that the model does not have.
    """
    _check(rule, reference)
    ruling = msgspec.structs.replace(report_ruling(rule), block_us=settled(rule, reference).block_us)
    return WindowReport(reference, ruling, name=f"{rule.name} report").verdict(window)


def report_ruling(rule: DriftRule) -> Ruling:
    """How the rule's report is set."""
    return Ruling(alpha=rule.report_alpha, measure=rule.report_measure, floor=rule.report_effect, columns=rule.columns)


def _yardstick(rule: DriftRule, column: ColumnReference, reference: Reference) -> Yardstick | None:
    """Days of a frozen reference have their own figures in it; other blocks are measured by its counts, if it has any.

    A rolling reference is the report's; the sequential rule adds every block to its ranks as it is.
    """
    period = rule.block_us or DAY
    if period == DAY and rule.reference != "seasonal":
        return DailyYardstick(column=column)
    by_block = reference.block_counts(column.name, period)
    if by_block is None:
        return None
    blocks, counts = by_block
    numbers = np.asarray(blocks, dtype=np.int64)
    seasons = seasons_for(numbers, period) if rule.reference == "seasonal" else one_season(period)
    return BlockYardstick(column, blocks, counts=counts, seasons=seasons)


def _check(rule: DriftRule, reference: Reference) -> None:
    known = [column.name for column in reference.columns]
    for name in rule.columns or ():
        if name not in known:
            raise UsageError(
                f"drift() names the column {name!r}, which the model does not have",
                why=f"watched columns: {', '.join(known)}",
                fix="Correct the name in the loop file.",
            )
