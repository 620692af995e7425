"""Rules on answers: is the model as sure as it was?"""

from loopwright.monitoring.rules.row_window import RowWindowRule, check_windows
from loopwright.monitoring.rules.rule import check_severity


class ConfidenceDriftRule(RowWindowRule, frozen=True, kw_only=True, tag="confidence_drift"):
    """Watch how sure answers are: confidence, entropy and the answers themselves, against those on the holdout.

    See `RowWindowRule` for what there is to set.
    """


def confidence_drift(
    *,
    window: str = "1d",
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float | None = None,
    severity: str = "warning",
    owner: str | None = None,
) -> ConfidenceDriftRule:
    """Watch how sure answers are; see `ConfidenceDriftRule`.

    Raises:
        UsageError: A figure cannot hold.
    """
    rows, length = check_windows(
        "confidence_drift",
        window=window,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
    )
    return ConfidenceDriftRule(
        rows=rows,
        window_us=length,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
        severity=check_severity(severity),
        owner=owner,
    )
