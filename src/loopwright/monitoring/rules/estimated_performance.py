"""Rules on quality before any label is there: what a metric must be by now, judging by the requests alone."""

from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule, check_severity


class EstimatedPerformanceRule(MonitorRule, frozen=True, kw_only=True, tag="estimated_performance"):
    """Watch the estimate of a metric on requests without labels against the figure that the gate saw.

    It sees what other inputs do to the metric. It cannot see that the same inputs have come to mean something else.

    Attributes:
        metric: A key of `monitoring.expected.EXPECTED` for a classification; `mae` or `rmse` for a regression.
        loss_at_most: How much worse than at the gate the estimate may be, in the metric's own unit.
        min_requests: Requests under which the verdict is unknown.
        outside_at_most: Share of requests unlike the holdout's (a feature outside its range or among levels that it did
            not have) above which the verdict is unknown.
        level: Confidence of the estimate's interval.
        mean_time_between_false_alarms: Days in the mean until an incident opens though nothing was lost.
    """

    metric: str
    loss_at_most: float
    min_requests: int = 1_000
    outside_at_most: float = 0.1
    level: float = 0.95
    mean_time_between_false_alarms: int = 1_000

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"estimated_performance({self.metric}, {self.loss_at_most:g})"


def estimated_performance(
    metric: str,
    *,
    loss_at_most: float,
    min_requests: int = 1_000,
    outside_at_most: float = 0.1,
    mean_time_between_false_alarms: int = 1_000,
    severity: str = "warning",
    owner: str | None = None,
) -> EstimatedPerformanceRule:
    """Watch a metric without labels; see `EstimatedPerformanceRule`.

    The model is packaged with a part `estimation`, fitted on its holdout: the first version trained after the rule was
    declared has it.

    Raises:
        UsageError: A negative loss, fewer than two requests, a share outside [0, 1], or a mean time under two days.
    """
    if not (loss_at_most >= 0 and min_requests >= 2 and 0 <= outside_at_most <= 1):
        raise UsageError(
            f"estimated_performance({metric!r}, loss_at_most={loss_at_most}, …) cannot hold",
            fix="Give loss_at_most >= 0, min_requests >= 2 and outside_at_most in [0, 1].",
        )
    if mean_time_between_false_alarms < 2:
        raise UsageError(
            f"mean_time_between_false_alarms={mean_time_between_false_alarms} would alarm every day",
            fix="Give the number of days that may pass between two false alarms, such as 1000.",
        )
    return EstimatedPerformanceRule(
        metric=metric,
        loss_at_most=float(loss_at_most),
        min_requests=min_requests,
        outside_at_most=outside_at_most,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        severity=check_severity(severity),
        owner=owner,
    )
