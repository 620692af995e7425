"""Rules on quality by labels: how much may a metric, or the cost of errors, lose."""

from collections.abc import Sequence

from loopwright.errors import UsageError
from loopwright.monitoring.rules.cost import Cost
from loopwright.monitoring.rules.rule import MonitorRule, check_severity


class PerformanceRule(MonitorRule, frozen=True, kw_only=True, tag="performance"):
    """Watch a metric on labelled requests, by day of event time, against the figure that the gate saw.

    Attributes:
        metric: A key of `stats.quality.METRICS`, or the name of `cost`.
        loss_at_most: How much worse than at the gate the metric may be, in its own unit.
        min_labels: Labelled rows under which the verdict is unknown.
        level: Confidence of the interval that is shown.
        mean_time_between_false_alarms: Days in the mean until an incident opens though nothing was lost.
        by: Columns whose every value is judged by itself too, against its own figure at the gate.
        min_slice_labels: Labelled rows under which a value is not judged but listed.
        cost: What errors cost, where that is the metric.
    """

    metric: str
    loss_at_most: float
    min_labels: int = 1_000
    level: float = 0.99
    mean_time_between_false_alarms: int = 1_000
    by: tuple[str, ...] = ()
    min_slice_labels: int = 300
    cost: Cost | None = None

    @property
    def name(self) -> str:
        """Stable within a loop."""
        sliced = f" by {', '.join(self.by)}" if self.by else ""
        return f"performance({self.metric}, {self.loss_at_most:g}){sliced}"


def performance(
    metric: str | Cost,
    *,
    loss_at_most: float,
    by: str | Sequence[str] = (),
    min_labels: int = 1_000,
    mean_time_between_false_alarms: int = 1_000,
    severity: str = "warning",
    owner: str | None = None,
) -> PerformanceRule:
    """Watch a metric by labels; see `PerformanceRule`.

    Args:
        metric: A metric's name, or `lw.watch.cost(...)`: then `loss_at_most` is money per request.
        loss_at_most, by, min_labels, mean_time_between_false_alarms: As in `PerformanceRule`.
        severity: Of its incidents.
        owner: Who answers for them.

    Raises:
        UsageError: A negative loss, fewer than two labels, or a mean time under two days.
    """
    named = metric.name if isinstance(metric, Cost) else metric
    if not (loss_at_most >= 0 and min_labels >= 2):
        raise UsageError(
            f"performance({named!r}, loss_at_most={loss_at_most}, min_labels={min_labels}) cannot hold",
            fix="Give loss_at_most >= 0 and min_labels >= 2.",
        )
    if mean_time_between_false_alarms < 2:
        raise UsageError(
            f"mean_time_between_false_alarms={mean_time_between_false_alarms} would alarm every day",
            fix="Give the number of days that may pass between two false alarms, such as 1000.",
        )
    return PerformanceRule(
        metric=named,
        cost=metric if isinstance(metric, Cost) else None,
        loss_at_most=float(loss_at_most),
        min_labels=min_labels,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        by=(by,) if isinstance(by, str) else tuple(by),
        severity=check_severity(severity),
        owner=owner,
    )
