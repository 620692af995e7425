"""What a release will need, before it starts: requests at each step, and what each guard must see to pass."""

import math
from collections.abc import Callable

import msgspec
import numpy as np

from loopwright.observations.arm_stats import ArmTotals
from loopwright.release.evidence import Evidence, Floats
from loopwright.release.guards import GuardState, begin, observe
from loopwright.release.plan import ErrorGuard, Guard, LatencyGuard, OutputGuard, ReleasePlan

_MOST = 10_000_000


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the forecast takes for granted: a candidate that is exactly as good as the champion.

    Attributes:
        failure_ratio: Both versions' share of failed requests.
        slow_ratio: The candidate's share of answers above the latency limit.
        loss_deviation: Standard deviation of the paired loss differences, whose mean is 0.
        requests_per_day: The endpoint's traffic, where known.
        labels_per_day: Labels that come in, where known.
    """

    failure_ratio: float = 0.0
    slow_ratio: float = 0.0
    loss_deviation: float = 0.05
    requests_per_day: float | None = None
    labels_per_day: float | None = None


class StepNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One step: its share, how many requests the endpoint gets meanwhile at least, and about how many days it takes."""

    share: float
    requests: int
    days: float | None


class GuardNeed(msgspec.Struct, frozen=True, kw_only=True):
    """One guard: about how many comparisons it needs to pass; None where it could not pass on these assumptions.

    `of` says what is counted: requests to the candidate, or labels.
    """

    guard: str
    required: str
    of: str
    needed: int | None
    days: float | None


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What the release needs if the candidate equals the champion. `days` is None where the traffic is not known."""

    steps: tuple[StepNeed, ...]
    guards: tuple[GuardNeed, ...]
    days: float | None
    within_limit: bool | None

    def lines(self) -> tuple[str, ...]:
        """The forecast in words, one line a step and a guard."""
        steps = tuple(
            f"step {i} of {len(self.steps)}, {step.share:.0%}: at least {step.requests:,} requests{_in(step.days)}"
            for i, step in enumerate(self.steps, 1)
        )
        guards = tuple(f"{need.guard}: {_need(need)}{_in(need.days)}" for need in self.guards)
        last = {True: ("about enough time",), False: ("not enough time: it would end inconclusive",), None: ()}
        return steps + guards + last[self.within_limit]


def explain(plan: ReleasePlan, assumed: Assumptions | None = None) -> Forecast:
    """How many requests and labels the release will need.

    Args:
        plan: The release.
        assumed: What is known of traffic and versions.

    Returns:
        Figures about right on average: a single release needs more or fewer.
    """
    given = assumed or Assumptions()
    needs = tuple(_guard_need(plan, guard, given) for guard in plan.guards if guard.required != "never")
    # Guards that every step requires must have passed before the first one ends.
    gate = max((need.needed or 0 for need in needs if need.required == "every_step"), default=0)
    steps = tuple(
        _step_need(share, max(plan.min_requests, gate if i == 0 else 0), plan=plan, given=given)
        for i, share in enumerate(plan.shares)
    )
    parts = [step.days for step in steps]
    days = None if None in parts else sum(part for part in parts if part is not None)
    if days is not None:
        labels = [need.days for need in needs if need.of == "labels"]
        days = None if None in labels else max([days, *(d for d in labels if d is not None)])
    hopeless = any(need.needed is None for need in needs)
    in_time = None if days is None else days * 86_400e6 <= plan.max_time
    return Forecast(steps=steps, guards=needs, days=days, within_limit=False if hopeless else in_time)


def _step_need(share: float, of_candidate: int, *, plan: ReleasePlan, given: Assumptions) -> StepNeed:
    requests = math.ceil(of_candidate / share)
    if not given.requests_per_day:
        return StepNeed(share=share, requests=requests, days=None)
    return StepNeed(
        share=share, requests=requests, days=max(requests / given.requests_per_day, plan.min_time / 86_400e6)
    )


def _guard_need(plan: ReleasePlan, guard: Guard, given: Assumptions) -> GuardNeed:
    labels = not isinstance(guard, ErrorGuard | LatencyGuard | OutputGuard)
    needed = _least(lambda n: _state_after(guard, n, share=plan.shares[0], given=given).under.rejects(plan.alpha))
    per_day = given.labels_per_day if labels else (given.requests_per_day or 0) * plan.shares[0]
    return GuardNeed(
        guard=guard.name,
        required=guard.required,
        of="labels" if labels else "requests",
        needed=needed,
        days=needed / per_day if needed and per_day else None,
    )


def _state_after(guard: Guard, n: int, *, share: float, given: Assumptions) -> GuardState:
    """The guard's evidence after `n` values that are what the assumptions expect."""
    if isinstance(guard, LatencyGuard):
        slow = round(n * given.slow_ratio)
        fast = ArmTotals(requests=1, latency_us_buckets=(1, *(0,) * (_BUCKETS - 1)))
        counts = (n - slow, *(0,) * (_BUCKETS - 2), slow)
        return observe(
            guard, begin(guard), Evidence(candidate=ArmTotals(requests=n, latency_us_buckets=counts)), before=fast
        )
    if isinstance(guard, ErrorGuard):
        champions = max(1, round(n * (1 - share) / share)) if share < 1 else n
        evidence = Evidence(
            candidate=ArmTotals(requests=n, errors=round(n * given.failure_ratio)),
            champion=ArmTotals(requests=champions, errors=round(champions * given.failure_ratio)),
        )
        return observe(guard, begin(guard), evidence, before=ArmTotals())
    return observe(guard, begin(guard), Evidence(losses=_spread(n, given.loss_deviation)), before=ArmTotals())


_BUCKETS = len(ArmTotals().latency_us_buckets)


def _spread(n: int, deviation: float) -> Floats:
    """`n` values of mean 0 and this standard deviation, in [-1, 1]."""
    width = min(deviation, 1.0)
    return np.where(np.arange(n) % 2 == 0, width, -width)


def _least(passes: Callable[[int], bool]) -> int | None:
    """About the least n for which it passes, to 1 %; None where not even many do."""
    high = 16
    while not passes(high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


def _need(need: GuardNeed) -> str:
    if need.needed is None:
        return "cannot pass on these assumptions"
    return f"about {need.needed:,} {'requests to the candidate' if need.of == 'requests' else 'labels'}"


def _in(days: float | None) -> str:
    if days is None:
        return ""
    return f", about {days:.1f} days" if days >= 1 else f", about {days * 24:.1f} hours"
