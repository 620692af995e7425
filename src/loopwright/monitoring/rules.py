"""What a loop file declares to be watched. Plain values; nothing is computed here, so nothing heavy is imported."""

from collections.abc import Sequence

import msgspec

from loopwright.errors import UsageError


class DriftRule(msgspec.Struct, frozen=True, kw_only=True, tag="drift"):
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


class PerformanceRule(msgspec.Struct, frozen=True, kw_only=True, tag="performance"):
    """Watch a metric on labelled requests against the figure that the gate saw.

    Attributes:
        metric: A key of `stats.quality.METRICS`.
        loss_at_most: How much worse than the reference the metric may be, in the metric's own unit.
        min_labels: Labelled rows under which the verdict is unknown.
        level: Confidence of the interval; the rule fails only when the whole interval lies beyond the allowed loss.
    """

    metric: str
    loss_at_most: float
    min_labels: int = 1_000
    level: float = 0.99

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"performance({self.metric}, {self.loss_at_most:g})"


MonitorRule = DriftRule | PerformanceRule


def drift(
    columns: Sequence[str] | None = None, *, mean_time_between_false_alarms: int = 1_000, least_effect: float = 0.1
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
    )


def performance(metric: str, *, loss_at_most: float, min_labels: int = 1_000, level: float = 0.99) -> PerformanceRule:
    """Watch a metric by labels; see `PerformanceRule`.

    Raises:
        UsageError: A negative loss, fewer than two labels, or a level outside (0, 1).
    """
    if not (loss_at_most >= 0 and min_labels >= 2 and 0 < level < 1):
        raise UsageError(
            f"performance({metric!r}, loss_at_most={loss_at_most}, min_labels={min_labels}, level={level}) cannot hold",
            fix="Give loss_at_most >= 0, min_labels >= 2 and a level such as 0.99.",
        )
    return PerformanceRule(metric=metric, loss_at_most=float(loss_at_most), min_labels=min_labels, level=level)
