"""Rules on what the answers are worth."""

import re
from typing import Literal, Unpack

from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import MeasuredRule, Options, Watched, between, check_number, checked

Per = Literal["reward", "request"]


class BusinessMetricRule(MeasuredRule, frozen=True, kw_only=True, tag="business_metric"):
    """Watch the mean of a reward from `/feedback`, or of a number in the request log.

    Attributes:
        metric: The rewards' name, as `revenue`; `thumbs` for thumbs. With `logged`, a name of its own.
        logged: Where the number stands in the log: `inputs.NAME`, `features.NAME`, `output.NAME` or `score`.
        per: Whether rewards are shared out over the rewards or over all requests.
        at_least, at_most: Bounds; where there are none, what is usual counts.
        min_count: Rewards, requests or rows under which nothing is said.
    """

    metric: str
    logged: str | None = None
    per: Per = "reward"
    at_least: float | None = None
    at_most: float | None = None
    min_count: int = 30

    @property
    def name(self) -> str:
        """Stable within a loop."""
        bounds = between(self.at_most, self.at_least)
        per = " per request" if self.per == "request" else ""
        return f"business_metric({self.metric}{per}{', ' + bounds if bounds else ''})"

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The mean."""
        return (Watched(at_least=self.at_least, at_most=self.at_most, scale="plain", min_count=self.min_count),)


def business_metric(
    metric: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    logged: str | None = None,
    per: Per = "reward",
    min_count: int = 30,
    **options: Unpack[Options],
) -> BusinessMetricRule:
    """Watch what answers are worth: `lw.watch.business_metric("revenue", per="request", at_least=0.12)`.

    See `BusinessMetricRule`. With a bound a period is a day, and an alarm takes one whose whole interval lies beyond
    it.

    Raises:
        UsageError: The metric has no name, the logged number no place, or a bound or an option cannot hold.
    """
    if not metric:
        raise UsageError("business_metric() names no metric", fix='Name the reward, as "revenue".')
    if logged is not None and not re.fullmatch(r"score|(inputs|features|output)\..+", logged):
        raise UsageError(f"logged={logged!r} is no place in the log", fix='Write "score" or "inputs.NAME".')
    if per not in ("reward", "request") or (per == "request" and logged is not None):
        raise UsageError(f"per={per!r} does not go with this metric", fix='Write "reward", or "request" for rewards.')
    bounded = at_least is not None or at_most is not None
    return BusinessMetricRule(
        metric=metric,
        logged=logged,
        per=per,
        at_least=check_number(at_least, "at_least"),
        at_most=check_number(at_most, "at_most"),
        min_count=min_count,
        **checked(options, every="1d" if bounded else "1h", periods=1),
    )
