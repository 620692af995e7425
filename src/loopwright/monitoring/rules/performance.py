"""Rules on quality by labels: how much may a metric lose."""

from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule, check_severity


class PerformanceRule(MonitorRule, frozen=True, kw_only=True, tag="performance"):
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


def performance(
    metric: str,
    *,
    loss_at_most: float,
    min_labels: int = 1_000,
    level: float = 0.99,
    severity: str = "warning",
    owner: str | None = None,
) -> PerformanceRule:
    """Watch a metric by labels; see `PerformanceRule`.

    Raises:
        UsageError: A negative loss, fewer than two labels, or a level outside (0, 1).
    """
    if not (loss_at_most >= 0 and min_labels >= 2 and 0 < level < 1):
        raise UsageError(
            f"performance({metric!r}, loss_at_most={loss_at_most}, min_labels={min_labels}, level={level}) cannot hold",
            fix="Give loss_at_most >= 0, min_labels >= 2 and a level such as 0.99.",
        )
    return PerformanceRule(
        metric=metric,
        loss_at_most=float(loss_at_most),
        min_labels=min_labels,
        level=level,
        severity=check_severity(severity),
        owner=owner,
    )
