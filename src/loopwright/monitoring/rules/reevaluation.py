"""Rules on the gate itself: does the champion still pass it, on requests whose labels have come since."""

from typing import Literal

from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import DAY, MonitorRule, check_severity

Every = Literal["daily", "weekly"]
_PERIODS: dict[Every, Micros] = {"daily": DAY, "weekly": 7 * DAY}


class ReevaluationRule(MonitorRule, frozen=True, kw_only=True, tag="reevaluation"):
    """Hold the champion against the loop's own gate, on labelled requests that it answered.

    Attributes:
        every: How often.
        over: How far back requests are looked at, in microseconds.
        min_labels: Labelled requests under which the verdict is unknown.
        roll_back_beyond: How far below its threshold a metric of the gate must have fallen, in the metric's own unit
            and with its whole interval, so that the best earlier champion that still passes takes its place again.
            Nothing is rolled back where None.
    """

    every: Every = "daily"
    over: Micros = 7 * DAY
    min_labels: int = 500
    roll_back_beyond: float | None = None

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"reevaluation({self.every})"

    @property
    def period_us(self) -> Micros:
        """A day or a week."""
        return _PERIODS[self.every]


def reevaluate(
    every: Every = "daily",
    *,
    over: str = "7d",
    min_labels: int = 500,
    roll_back_beyond: float | None = None,
    severity: str = "warning",
    owner: str | None = None,
) -> ReevaluationRule:
    """Evaluate the champion again on fresh labels; see `ReevaluationRule`.

    Raises:
        UsageError: It is neither daily nor weekly, or a figure cannot hold.
    """
    if every not in _PERIODS:
        raise UsageError(f"reevaluate({every!r}) is no rhythm", fix='Write "daily" or "weekly".')
    if min_labels < 2 or (roll_back_beyond is not None and not roll_back_beyond >= 0):
        raise UsageError(
            f"reevaluate(min_labels={min_labels}, roll_back_beyond={roll_back_beyond}) cannot hold",
            fix="Give min_labels >= 2, and roll_back_beyond >= 0 or leave it out.",
        )
    try:
        span = parse_duration(over)
    except ValueError as error:
        raise UsageError(f"over={over!r} is not a duration", why=str(error), fix='Write "7d", for example.') from error
    if span <= 0:
        raise UsageError(f"over={over!r} is no time at all", fix='Write "7d", for example.')
    return ReevaluationRule(
        every=every,
        over=span,
        min_labels=min_labels,
        roll_back_beyond=roll_back_beyond,
        severity=check_severity(severity),
        owner=owner,
    )
