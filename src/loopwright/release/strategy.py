"""How a version that passed its gate reaches traffic, as a loop declares it: one strategy a class."""

from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.errors import UsageError
from loopwright.release.freeze import Freeze
from loopwright.release.routing import Cohort
from loopwright.release.rules import (
    DEFAULT_GUARDS,
    Direction,
    ErrorGuard,
    Guard,
    LatencyGuard,
    QualityGuard,
    RankingGuard,
    check_guards,
)
from loopwright.release.span import duration

_OPERATIONAL: tuple[Guard, ...] = (ErrorGuard(margin=0.01, step_margin=None), LatencyGuard())
"""Where another rule leads to the decision: a margin that some hundred requests can prove."""
_HARM_BY_LABELS: tuple[Guard, ...] = (QualityGuard(required="never"), RankingGuard(required="never"))


class Canary(msgspec.Struct, frozen=True, kw_only=True, tag="canary", tag_field="strategy"):
    """A growing share of the traffic, step by step, each earned by evidence.

    Attributes:
        steps: Shares of the traffic in percent, ascending to 100.
        min_requests: How many requests the candidate answers at each step.
        min_time: How long each step lasts at least.
        max_time: After this long without a decision the release is inconclusive: the champion stays.
        guards: What is watched; at most one of each kind.
        alpha: The probability, over the whole release and however often it is looked at, that a candidate no worse than
            half of its margins is rolled back; and that one worse than a required margin is promoted.
        cohort: The requests that take part; all where None.
        freeze: When it neither advances nor is promoted.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    steps: Sequence[float] = (5, 25, 50, 100)
    min_requests: int = 500
    min_time: str = "0s"
    max_time: str = "30d"
    guards: Sequence[Guard] = DEFAULT_GUARDS
    alpha: float = 0.01
    cohort: Cohort | None = None
    freeze: Sequence[Freeze] = ()

    def __post_init__(self) -> None:
        _check_strategy(self)
        msgspec.structs.force_setattr(self, "steps", tuple(self.steps))
        ascending = all(a < b for a, b in zip(self.steps, self.steps[1:], strict=False))
        if not self.steps or not ascending or self.steps[0] <= 0 or self.steps[-1] != 100:
            raise UsageError(f"canary steps {list(self.steps)} do not ascend from above 0 to 100 percent")
        _check_time(self.min_time, len(self.steps), self.max_time)


class BlueGreen(msgspec.Struct, frozen=True, kw_only=True, tag="blue_green", tag_field="strategy"):
    """All traffic at once, watched for a time, and back at once where harm is proven.

    First the candidate is warmed and given copies of requests, never answered from, until `min_requests` are seen and
    no guard objects; then it is given all traffic, and promoted after `watch` unless it is proven worse meanwhile.

    Attributes:
        shadow: Share of the requests, in percent, of which the candidate gets copies before the switch; 0 for none.
        min_requests: Requests that must be seen before the switch, and again after it.
        watch: How long the switch can still be undone by evidence.
        max_time: After this long without a decision the release is inconclusive: the champion stays.
        guards: What is watched.
        alpha: As in `Canary`.
        cohort: The requests that take part; all where None.
        freeze: When it neither switches nor is promoted.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    shadow: float = 100
    min_requests: int = 500
    watch: str = "1h"
    max_time: str = "7d"
    guards: Sequence[Guard] = (*_OPERATIONAL, *_HARM_BY_LABELS)
    alpha: float = 0.01
    cohort: Cohort | None = None
    freeze: Sequence[Freeze] = ()

    def __post_init__(self) -> None:
        _check_strategy(self)
        _check_percent("shadow", self.shadow, least=0.0)
        _check_time(self.watch, 1, self.max_time)


class ABTest(msgspec.Struct, frozen=True, kw_only=True, tag="ab_test", tag_field="strategy"):
    """The champion against one or more variants on a business metric, each unit always on the same side.

    Attributes:
        metric: Its name in the feedback.
        unit: The request's column that the lot is drawn by, such as a user's id; the signature's key where None.
        shares: Percent of the traffic for each variant in turn, the rest is the champion's; even where None.
        low: Least value of the metric for one unit; what is below counts as this.
        high: Greatest value; what is above counts as this.
        direction: Which way is good.
        min_effect: A variant wins where it is proven better by more than this.
        non_inferior: Where given, a variant wins that is proven worse by less than this.
        min_units: Units of each arm before anything is decided on the metric.
        cuped: Whether the noise that a covariate from before the test explains is taken out (Deng and others 2013).
        sample_ratio_alpha: Error rate of finding the arms' units out of proportion, which ends the test.
        guards: Metrics and figures that stop a variant; those that are required must have passed for it to win.
        alpha: Error rate of a win, over all variants and however often it is looked at.
        max_time: After this long without a winner the champion stays.
        cohort: The requests that take part; all where None.
        freeze: When no winner is promoted.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    metric: str
    unit: str | None = None
    shares: Sequence[float] | None = None
    low: float = 0.0
    high: float = 1.0
    direction: Direction = "higher_is_better"
    min_effect: float = 0.0
    non_inferior: float | None = None
    min_units: int = 100
    cuped: bool = False
    sample_ratio_alpha: float = 0.001
    guards: Sequence[Guard] = _OPERATIONAL
    alpha: float = 0.05
    max_time: str = "30d"
    cohort: Cohort | None = None
    freeze: Sequence[Freeze] = ()

    def __post_init__(self) -> None:
        _check_strategy(self)
        _check_range(self.metric, self.low, self.high)
        if self.shares is not None:
            msgspec.structs.force_setattr(self, "shares", tuple(self.shares))
            if not self.shares or min(self.shares) <= 0 or sum(self.shares) >= 100:
                raise UsageError(
                    f"shares {list(self.shares)} leave no side of the test to the champion",
                    fix="Give each variant a share above 0 percent, and leave some to the champion.",
                )
        span = self.high - self.low
        if not 0.0 <= self.min_effect < span:
            raise UsageError(f"min_effect={self.min_effect} is no effect on a metric from {self.low} to {self.high}")
        if self.non_inferior is not None and (self.min_effect or not 0.0 < self.non_inferior < span):
            raise UsageError(
                f"non_inferior={self.non_inferior} is no margin on a metric from {self.low} to {self.high}",
                fix="Give a margin above 0, and no min_effect beside it.",
            )
        if not 0.0 < self.sample_ratio_alpha < 0.5:
            raise UsageError(f"sample_ratio_alpha={self.sample_ratio_alpha} is no error rate between 0 and 0.5")


class Bandit(msgspec.Struct, frozen=True, kw_only=True, tag="bandit", tag_field="strategy"):
    """Shares that follow what each version has earned so far (Thompson 1933), from batch to batch.

    Attributes:
        metric: Its name in the feedback.
        unit: The request's column that the lot is drawn by; the signature's key where None.
        low: Least value of the metric; what is below counts as this.
        high: Greatest value; what is above counts as this.
        direction: Which way is good.
        burn_in: Values of each arm before shares leave their even start.
        every: How long shares stand at least.
        min_share: Percent that each arm, the champion too, keeps.
        win_probability: The release ends once an arm is the best with this probability.
        guards: What takes an arm out.
        alpha: Error rate of the guards, as in `Canary`.
        max_time: After this long without an end the champion stays.
        cohort: The requests that take part; all where None.
        freeze: When shares do not change and nothing is promoted.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    metric: str
    unit: str | None = None
    low: float = 0.0
    high: float = 1.0
    direction: Direction = "higher_is_better"
    burn_in: int = 200
    every: str = "10m"
    min_share: float = 5
    win_probability: float = 0.99
    guards: Sequence[Guard] = _OPERATIONAL
    alpha: float = 0.01
    max_time: str = "30d"
    cohort: Cohort | None = None
    freeze: Sequence[Freeze] = ()

    def __post_init__(self) -> None:
        _check_strategy(self)
        _check_range(self.metric, self.low, self.high)
        _check_percent("min_share", self.min_share, least=0.0)
        _check_time(self.every, 1, self.max_time)
        if self.burn_in < 1:
            raise UsageError(f"burn_in={self.burn_in} would let shares follow nothing")
        if not 0.5 < self.win_probability < 1.0:
            raise UsageError(f"win_probability={self.win_probability} is no probability between 0.5 and 1")


class Shadow(msgspec.Struct, frozen=True, kw_only=True, tag="shadow", tag_field="strategy"):
    """The candidate gets copies of requests and is never answered from.

    Attributes:
        share: Percent of the requests that it gets copies of.
        min_requests: How many it must have answered.
        min_time: How long it lasts at least.
        max_time: After this long without a decision the release is inconclusive.
        agreement: Least share of requests on which both give the same answer; None judges none.
        guards: What is watched, on the same requests for both versions.
        alpha: As in `Canary`.
        then: The strategy that follows once everything has passed; without one the champion stays, and the report is
            all.
        freeze: When what follows does not begin.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    share: float = 100
    min_requests: int = 1_000
    min_time: str = "0s"
    max_time: str = "7d"
    agreement: float | None = None
    guards: Sequence[Guard] = _OPERATIONAL
    alpha: float = 0.01
    then: Canary | BlueGreen | ABTest | Bandit | None = None
    freeze: Sequence[Freeze] = ()

    def __post_init__(self) -> None:
        _check_strategy(self)
        _check_percent("share", self.share, least=0.001)
        _check_time(self.min_time, 1, self.max_time)
        if self.agreement is not None and not 0.0 < self.agreement < 1.0:
            raise UsageError(
                f"agreement={self.agreement} is not between 0 and 1",
                why="that two versions never differ can be refuted, and not proven",
            )


Strategy = Canary | BlueGreen | ABTest | Bandit | Shadow


def stages(strategy: Strategy) -> tuple[Strategy, ...]:
    """The strategy, and what follows it."""
    following = strategy.then if isinstance(strategy, Shadow) else None
    return (strategy,) if following is None else (strategy, following)


def _check_strategy(strategy: Any) -> None:
    """What all strategies share: guards, error rate, limits of time."""
    for field in ("guards", "freeze"):
        msgspec.structs.force_setattr(strategy, field, tuple(getattr(strategy, field)))
    if not 0.0 < strategy.alpha < 0.5:
        raise UsageError(f"alpha={strategy.alpha} is no error rate between 0 and 0.5")
    least = getattr(strategy, "min_requests", 1)
    if least < 1:
        raise UsageError(f"min_requests={least} would let a step pass without a request")
    if not all(isinstance(window, Freeze) for window in strategy.freeze):
        raise UsageError("a window of freeze= is none", fix='Write freeze=[lw.Freeze("Fri 16:00", "Mon 08:00")].')
    duration("max_time", strategy.max_time)
    check_guards(strategy.guards)


def _check_time(least: str, steps: int, most: str) -> None:
    if duration("the least time", least) * steps >= duration("max_time", most):
        raise UsageError(
            f"{steps} step(s) of at least {least} do not fit into max_time={most!r}",
            fix="Lengthen max_time or shorten the steps.",
        )


def _check_percent(name: str, value: float, *, least: float) -> None:
    if not least <= value <= 100:
        raise UsageError(f"{name}={value} is not a share between {least:g} and 100 percent")


def _check_range(metric: str, low: float, high: float) -> None:
    if not metric or not low < high:
        raise UsageError(f"the metric {metric!r} has no range from {low} to {high}")
