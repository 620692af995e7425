"""Rules on distributions: what is compared with the model's reference, and how sure an alarm must be."""

from collections.abc import Sequence

from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule, check_severity


class DriftRule(MonitorRule, frozen=True, kw_only=True, tag="drift"):
    """Watch the distributions of features, prediction and label against the model's reference.

    Attributes:
        columns: Feature names; all features, the prediction and the label when None.
        mean_time_between_false_alarms: Windows (days) in the mean until an incident opens though nothing has changed,
            over all columns together.
        least_effect: Total variation distance of the recent distribution under which a feature opens no incident,
            however sure it is that it moved; half of it for prediction and label.
        report_effect: Total variation distance under which the report does not call a column moved.
        report_alpha: Chance that the report calls any unmoved column moved (Holm), for independent rows.
    """

    columns: tuple[str, ...] | None = None
    mean_time_between_false_alarms: int = 1_000
    least_effect: float = 0.1
    report_effect: float = 0.1
    report_alpha: float = 0.01

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"drift({', '.join(self.columns)})" if self.columns else "drift"


def drift(
    columns: Sequence[str] | None = None,
    *,
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float = 0.1,
    severity: str = "warning",
    owner: str | None = None,
) -> DriftRule:
    """Watch distributions; see `DriftRule`.

    Raises:
        UsageError: No column is named, the mean time is under two windows, or the effect is not in [0, 1).
    """
    if isinstance(columns, str):
        columns = (columns,)
    if columns is not None and not columns:
        raise UsageError("drift() was given an empty list of columns", fix="Name columns, or leave the argument out.")
    if mean_time_between_false_alarms < 2:
        raise UsageError(
            f"mean_time_between_false_alarms={mean_time_between_false_alarms} would alarm every window",
            fix="Give the number of windows (days) that may pass between two false alarms, such as 1000.",
        )
    if not 0 <= least_effect < 1:
        raise UsageError(
            f"least_effect={least_effect} is not a total variation distance",
            fix="Give a share of rows that must have moved, such as 0.1; 0 lets every proven change open an incident.",
        )
    return DriftRule(
        columns=None if columns is None else tuple(columns),
        least_effect=least_effect,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        severity=check_severity(severity),
        owner=owner,
    )
