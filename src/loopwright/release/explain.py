"""What a release will need, before it starts: requests at each step, and what each guard and metric must see."""

import math

import msgspec
import numpy as np

from loopwright.release.evidence import Floats
from loopwright.release.guards import begin
from loopwright.release.plan import ReleasePlan
from loopwright.release.rules import (
    AgreementGuard,
    ErrorGuard,
    EstimateGuard,
    FunctionGuard,
    Guard,
    LatencyGuard,
    MetricGuard,
    OutputGuard,
    QualityGuard,
    RankingGuard,
)
from loopwright.release.span import duration
from loopwright.release.strategies import ab_test
from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow, Strategy
from loopwright.stats.sequential import MeanTest, needed

_DAY_US = 86_400e6
_MOST_FAILURES = 12
"""Failures within one group of the champion's requests beyond which their chance is left out of the forecast."""


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the forecast takes for granted: a candidate that is exactly as good as the champion.

    Attributes:
        failure_ratio: Both versions' share of failed requests.
        slow_ratio: The candidate's share of answers above the latency limit.
        loss_deviation: Standard deviation of the paired loss differences, whose mean is 0.
        ranking_deviation: The same of the comparisons behind the area under the ROC curve.
        positive_ratio: Share of positive labels.
        agreement: Share of requests on which both versions give the same answer.
        metric_deviation: Standard deviation of a business metric among units, as part of its range.
        gain: How much better a variant is on the metric, as part of its range, for an A/B test to find.
        requests_per_day: The endpoint's traffic, where known.
        labels_per_day: Labels that come in, where known.
        values_per_day: Values of a business metric that come in, where known.
    """

    failure_ratio: float = 0.0
    slow_ratio: float = 0.0
    loss_deviation: float = 0.05
    ranking_deviation: float = 0.3
    positive_ratio: float = 0.5
    agreement: float = 0.99
    metric_deviation: float = 0.3
    gain: float = 0.02
    requests_per_day: float | None = None
    labels_per_day: float | None = None
    values_per_day: float | None = None


class StepNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One step: its share, how many requests the endpoint gets meanwhile at least, and about how many days it takes."""

    share: float
    requests: int
    days: float | None
    name: str = ""


class GuardNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One guard or metric: about how many it needs to pass; None where it could not pass on these assumptions.

    `of` says what is counted: requests to the candidate, labels, values of a metric for each arm, or the values of a
    function, of which nothing can be foreseen.
    """

    guard: str
    required: str
    of: str
    needed: int | None
    days: float | None


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What the release needs on the assumptions. `days` is None where the traffic is not known."""

    steps: tuple[StepNeed, ...]
    guards: tuple[GuardNeed, ...]
    days: float | None
    within_limit: bool | None

    def lines(self) -> tuple[str, ...]:
        """The forecast in words, one line a step and a guard."""
        steps = tuple(
            f"step {i} of {len(self.steps)}, {step.name or f'{step.share:.0%}'}: "
            f"at least {step.requests:,} requests{_in(step.days)}"
            for i, step in enumerate(self.steps, 1)
        )
        guards = tuple(f"{need.guard}: {_need(need)}{_in(need.days)}" for need in self.guards)
        last = {True: ("about enough time",), False: ("not enough time: it would end inconclusive",), None: ()}
        return steps + guards + last[self.within_limit]


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step as declared: the candidates' share, their requests at least, its least time, and a name."""

    share: float
    requests: int
    time_us: int = 0
    name: str = ""


def explain(plan: ReleasePlan, assumed: Assumptions | None = None) -> Forecast:
    """How many requests, labels and values the release will need.

    Args:
        plan: The release.
        assumed: What is known of traffic and versions.

    Returns:
        Figures about right on average: half of all releases need more, by up to twice as much.
    """
    given = assumed or Assumptions()
    needs: list[GuardNeed] = []
    steps: list[StepNeed] = []
    for stage in plan.stages:
        declared = _steps(stage)
        found = [_guard_need(plan, stage, guard, given=given) for guard in stage.guards if guard.required != "never"]
        if isinstance(stage, ABTest):
            found.append(_metric_need(plan, stage, given))
        needs.extend(found)
        steps.extend(_step_needs(stage, declared, given=given))
    days = _days(steps, needs)
    hopeless = any(need.needed is None and need.of != "values of its function" for need in needs)
    in_time = None if days is None else days * _DAY_US <= plan.max_time
    return Forecast(steps=tuple(steps), guards=tuple(needs), days=days, within_limit=False if hopeless else in_time)


def _steps(stage: Strategy) -> tuple[_Step, ...]:
    match stage:
        case Canary():
            time_us = duration("min_time", stage.min_time)
            return tuple(_Step(share=step / 100, requests=stage.min_requests, time_us=time_us) for step in stage.steps)
        case BlueGreen():
            copied = stage.shadow / 100 or 1.0
            before = _Step(share=copied, requests=stage.min_requests, name="standing by")
            watch = duration("watch", stage.watch)
            return before, _Step(share=1.0, requests=stage.min_requests, time_us=watch, name="switched")
        case Shadow():
            time_us = duration("min_time", stage.min_time)
            return (_Step(share=stage.share / 100, requests=stage.min_requests, time_us=time_us, name="shadow"),)
        case ABTest():
            return (_Step(share=1.0, requests=2 * stage.min_units, name="test"),)
        case Bandit():
            return (_Step(share=1.0, requests=2 * stage.burn_in, name="burn-in"),)


def _step_needs(stage: Strategy, declared: tuple[_Step, ...], *, given: Assumptions) -> tuple[StepNeed, ...]:
    """Each step's requests: those declared, or those that its guards must have seen when it ends."""
    found, seen = [], 0
    for place, step in enumerate(declared):
        wanted = max((_candidates(stage, place, guard, given=given) for guard in stage.guards), default=0)
        requests = max(step.requests, wanted - seen)
        seen += requests
        total = math.ceil(requests / step.share)
        days = max(total / given.requests_per_day, step.time_us / _DAY_US) if given.requests_per_day else None
        found.append(StepNeed(share=step.share, requests=total, days=days, name=step.name))
    return tuple(found)


def _candidates(stage: Strategy, place: int, guard: Guard, *, given: Assumptions) -> int:
    """Requests to the candidate that a guard must have seen by the end of a step."""
    if guard.required == "never" or not isinstance(guard, ErrorGuard | LatencyGuard | AgreementGuard):
        return 0
    shares = [step.share for step in _steps(stage)]
    strict = place >= len(shares) - 2
    if guard.required == "last_step" and not strict:
        return 0
    found = _guard_requests(guard, shares[place], given, alpha=stage.alpha)
    if isinstance(guard, ErrorGuard) and guard.step_margin is not None and not strict:
        step = begin(guard).step_under
        wide = _fewest((step,), guard, shares[place], given=given, alpha=stage.alpha) if step else None
        found = min((n for n in (found, wide) if n is not None), default=None)
    return found or 0


def _guard_need(plan: ReleasePlan, stage: Strategy, guard: Guard, *, given: Assumptions) -> GuardNeed:
    shares = [step.share for step in _steps(stage)]
    share = shares[-2] if len(shares) > 1 else shares[-1]
    found = _guard_requests(guard, share, given, alpha=stage.alpha / len(plan.candidates))
    of, per_day = "requests", (given.requests_per_day or 0) * share
    if isinstance(guard, QualityGuard | RankingGuard):
        of, per_day = "labels", given.labels_per_day or 0
    if isinstance(guard, MetricGuard):
        of, per_day = "values", given.values_per_day or 0
    if isinstance(guard, FunctionGuard):
        of, per_day = "values of its function", 0
    return GuardNeed(
        guard=guard.name,
        required=guard.required,
        of=of,
        needed=found,
        days=found / per_day if found and per_day else None,
    )


def _guard_requests(guard: Guard, share: float, given: Assumptions, *, alpha: float) -> int | None:
    state = begin(guard)
    if isinstance(guard, ErrorGuard):
        tests = (state.under,) if state.ratio_under is None else (state.under, state.ratio_under)
        return _fewest(tests, guard, share, given=given, alpha=alpha / len(tests))
    values, chances = _expected(guard, given)
    if not len(values):
        return None
    found = needed(state.under, values, chances, alpha=alpha)
    if found is not None and isinstance(guard, RankingGuard):
        rarer = min(given.positive_ratio, 1.0 - given.positive_ratio)
        return math.ceil(found / rarer) if rarer > 0 else None
    return found


def _fewest(
    tests: tuple[MeanTest, ...], guard: ErrorGuard, share: float, *, given: Assumptions, alpha: float
) -> int | None:
    """Comparisons of failures until one of the tests passes."""
    found = []
    for test in tests:
        times = guard.ratio if test.low < -1.0 and guard.ratio is not None else 1.0
        values, chances = _failures(share, given.failure_ratio, times=times)
        found.append(needed(test, values, chances, alpha=alpha))
    return min((n for n in found if n is not None), default=None)


def _failures(share: float, ratio: float, *, times: float) -> tuple[Floats, Floats]:
    """Values of a comparison and their chances: a candidate's failure less `times` the share of a group's failures."""
    group = max(1, round((1.0 - share) / share)) if share < 1.0 else 1
    counts = np.arange(min(group, _MOST_FAILURES) + 1)
    chances = np.array([math.comb(group, int(k)) * ratio**k * (1.0 - ratio) ** (group - k) for k in counts])
    chances /= chances.sum()
    values = np.concatenate((-times * counts / group, 1.0 - times * counts / group))
    return values, np.concatenate(((1.0 - ratio) * chances, ratio * chances))


def _expected(guard: Guard, given: Assumptions) -> tuple[Floats, Floats]:
    """Values that a guard's test will see, and how often."""
    half = np.array([0.5, 0.5])
    match guard:
        case LatencyGuard():
            return np.array([0.0, 1.0]), np.array([1.0 - given.slow_ratio, given.slow_ratio])
        case AgreementGuard():
            return np.array([0.0, 1.0]), np.array([given.agreement, 1.0 - given.agreement])
        case QualityGuard():
            return _spread(given.loss_deviation), half
        case RankingGuard():
            return _spread(given.ranking_deviation), half
        case MetricGuard():
            return _spread(given.metric_deviation * math.sqrt(2.0)), half
        case OutputGuard() | EstimateGuard() | FunctionGuard() | ErrorGuard():
            return np.empty(0), np.empty(0)


def _spread(deviation: float, mean: float = 0.0) -> Floats:
    """Two values of this mean and standard deviation, in [-1, 1]."""
    width = min(deviation, 1.0 - abs(mean))
    return np.array([mean - width, mean + width])


def _metric_need(plan: ReleasePlan, stage: ABTest, given: Assumptions) -> GuardNeed:
    """Units of each arm until a variant that is better by what is assumed has won."""
    trial = next(iter(ab_test.begin(plan, stage).trials.values()))
    values = _spread(given.metric_deviation * math.sqrt(2.0), given.gain if stage.non_inferior is None else 0.0)
    found = needed(trial.better, values, np.array([0.5, 0.5]), alpha=stage.alpha / len(plan.candidates))
    per_day = (given.values_per_day or 0) / (len(plan.candidates) + 1)
    return GuardNeed(
        guard=stage.metric,
        required="last_step",
        of="values",
        needed=found,
        days=found / per_day if found and per_day else None,
    )


def _days(steps: list[StepNeed], needs: list[GuardNeed]) -> float | None:
    """The longest of the traffic's time and the labels' and values' time; None where one of them is not known."""
    parts = [step.days for step in steps]
    if None in parts:
        return None
    others = [need.days for need in needs if need.of in ("labels", "values") and need.needed is not None]
    if None in others:
        return None
    return max([sum(day for day in parts if day is not None), *(day for day in others if day is not None)])


def _need(need: GuardNeed) -> str:
    if need.of == "values of its function":
        return "depends on its function"
    if need.needed is None:
        return "cannot pass on these assumptions"
    of = {"requests": "requests to the candidate", "values": "values for each arm"}.get(need.of, need.of)
    return f"about {need.needed:,} {of}"


def _in(days: float | None) -> str:
    if days is None:
        return ""
    return f", about {days:.1f} days" if days >= 1 else f", about {days * 24:.1f} hours"
