"""Rules on labels: is what we predict as frequent, or as large, as it was?"""

from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.rules.row_window import RowWindowRule, check_windows
from loopwright.monitoring.rules.rule import check_severity


class TargetDriftRule(RowWindowRule, frozen=True, kw_only=True, tag="target_drift"):
    """Watch the labels of requests, by the requests' event time; see `RowWindowRule` for what else there is to set.

    Attributes:
        delay_us: How long labels take to come, in microseconds: a window is judged so long after its end, by the labels
            known then.
    """

    delay_us: Micros = 0

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return "target_drift"


def target_drift(
    *,
    delay: str = "1d",
    window: str = "1d",
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float | None = None,
    severity: str = "warning",
    owner: str | None = None,
) -> TargetDriftRule:
    """Watch labels; see `TargetDriftRule`.

    Raises:
        UsageError: A figure cannot hold, or the delay is no duration.
    """
    try:
        late = parse_duration(delay)
    except ValueError as error:
        raise UsageError(f"target_drift(delay={delay!r}) is no duration", fix="Write 1d, for example.") from error
    rows, length = check_windows(
        "target_drift",
        window=window,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
    )
    return TargetDriftRule(
        delay_us=late,
        rows=rows,
        window_us=length,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
        severity=check_severity(severity),
        owner=owner,
    )
