"""Drift rules at work: a rule and a reference make the two detectors; their verdicts feed incidents and reports."""

from loopwright.core.verdict import Verdict
from loopwright.errors import UsageError
from loopwright.monitoring.detectors.day_block_rank import DayBlockRank
from loopwright.monitoring.detectors.window_report import WindowReport
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.window import Window


def incident_detector(rule: DriftRule, reference: Reference) -> DayBlockRank:
    """The sequential rule, whose `fail` opens an incident.

    Raises:
        UsageError: The rule names a column that the model does not have.
    """
    _check(rule, reference)
    return DayBlockRank(
        reference,
        mean_time_between_false_alarms=rule.mean_time_between_false_alarms,
        least_effect=rule.least_effect,
        columns=rule.columns,
        name=rule.name,
    )


def drift_report(rule: DriftRule, reference: Reference, window: Window) -> Verdict:
    """The report rule on one window: pass, warn or unknown, with a line a column.

    Raises:
        UsageError: The rule names a column that the model does not have.
    """
    _check(rule, reference)
    report = WindowReport(
        reference, effect=rule.report_effect, alpha=rule.report_alpha, columns=rule.columns, name=f"{rule.name} report"
    )
    return report.verdict(window)


def _check(rule: DriftRule, reference: Reference) -> None:
    known = [column.name for column in reference.columns]
    for name in rule.columns or ():
        if name not in known:
            raise UsageError(
                f"drift() names the column {name!r}, which the model does not have",
                why=f"watched columns: {', '.join(known)}",
                fix="Correct the name in the loop file.",
            )
