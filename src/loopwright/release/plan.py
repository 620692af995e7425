"""What a loop declares about its releases, and the plan of one release: its steps, its guards, its limits."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from loopwright.core.clock import Micros, parse_duration
from loopwright.core.hashing import Digest
from loopwright.core.schema import Task
from loopwright.errors import UsageError

Required = Literal["every_step", "last_step", "never"]


class ErrorGuard(msgspec.Struct, frozen=True, kw_only=True, tag="errors", tag_field="kind"):
    """The candidate's share of failed requests is at most the champion's plus `margin_ratio`."""

    margin_ratio: float = 0.01
    required: Required = "every_step"

    @property
    def name(self) -> str:
        return "errors"


class LatencyGuard(msgspec.Struct, frozen=True, kw_only=True, tag="latency", tag_field="kind"):
    """At most `slow_ratio` of the candidate's answers take longer than the limit.

    The limit is `ratio` times what the champion keeps within for all but `slow_ratio` of its answers, and at least
    `floor_us`: with 0.05, the candidate's 95th percentile is at most `ratio` times the champion's.
    """

    ratio: float = 2.0
    floor_us: Micros = 25_000
    slow_ratio: float = 0.05
    required: Required = "every_step"

    @property
    def name(self) -> str:
        return "latency"


class QualityGuard(msgspec.Struct, frozen=True, kw_only=True, tag="quality", tag_field="kind"):
    """The candidate's mean loss is at most the champion's plus `margin`, both scored on the same labelled requests.

    The loss is Brier's for binary and (halved) for multiclass, and for regression the absolute error in units of
    `scale`, cut at 1. The stated error rates hold where the expected difference of every request lies on one side of
    the margin. Where whole days favour one version (weather, holidays), a run of such days is proof about those days.
    """

    margin: float = 0.005
    scale: float | None = None
    required: Required = "last_step"

    @property
    def name(self) -> str:
        return "quality"


class OutputGuard(msgspec.Struct, frozen=True, kw_only=True, tag="outputs", tag_field="kind"):
    """The two versions' mean outputs, on [0, 1], differ by at most `within`.

    A proven shift holds the release until the quality guard has proven the candidate good; it never rolls back, for a
    good retrain after a change of the world shifts its outputs by design.
    """

    within: float = 0.1
    required: Required = "never"

    @property
    def name(self) -> str:
        return "outputs"


Guard = ErrorGuard | LatencyGuard | QualityGuard | OutputGuard
DEFAULT_GUARDS: tuple[Guard, ...] = (ErrorGuard(), LatencyGuard(), QualityGuard(), OutputGuard())


def errors(margin_ratio: float = 0.01) -> ErrorGuard:
    """Guard the share of failed requests."""
    return ErrorGuard(margin_ratio=margin_ratio)


def latency(ratio: float = 2.0, *, floor: str = "25ms") -> LatencyGuard:
    """Guard the 95th percentile of the latency; answers within `floor` are never slow."""
    return LatencyGuard(ratio=ratio, floor_us=_duration("floor", floor))


def quality(margin: float = 0.005, *, required: bool = True) -> QualityGuard:
    """Guard the loss against labels; where it is not required, a release may end without any label."""
    return QualityGuard(margin=margin, required="last_step" if required else "never")


def outputs(within: float = 0.1) -> OutputGuard:
    """Hold where the outputs shift."""
    return OutputGuard(within=within)


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """How a version that passed its gate reaches traffic.

    Attributes:
        steps: Shares of the traffic in percent, ascending to 100.
        min_requests: How many requests the candidate answers at each step.
        min_time: How long each step lasts at least.
        max_time: After this long without a decision the release is inconclusive: the champion stays.
        guards: What is watched; at most one of each kind.
        alpha: The probability, over the whole release and however often it is looked at, that a candidate no worse than
            its margins is rolled back; and that one worse than a required margin is promoted.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    steps: Sequence[float] = (5, 25, 50, 100)
    min_requests: int = 500
    min_time: str = "0s"
    max_time: str = "30d"
    guards: Sequence[Guard] = DEFAULT_GUARDS
    alpha: float = 0.05

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "steps", tuple(self.steps))
        msgspec.structs.force_setattr(self, "guards", tuple(self.guards))
        ascending = all(a < b for a, b in zip(self.steps, self.steps[1:], strict=False))
        if not self.steps or not ascending or self.steps[0] <= 0 or self.steps[-1] != 100:
            raise UsageError(f"canary steps {list(self.steps)} do not ascend from above 0 to 100 percent")
        if self.min_requests < 1:
            raise UsageError(f"min_requests={self.min_requests} would let a step pass without a request")
        if _duration("min_time", self.min_time) * len(self.steps) >= _duration("max_time", self.max_time):
            raise UsageError(
                f"{len(self.steps)} steps of at least {self.min_time} do not fit into max_time={self.max_time!r}",
                fix="Lengthen max_time or shorten min_time.",
            )
        if not 0.0 < self.alpha < 0.5:
            raise UsageError(f"alpha={self.alpha} is no error rate between 0 and 0.5")
        _check_guards(tuple(self.guards))


class ReleasePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One release, decided before it starts. JSON by msgspec; `format` is the version of its form.

    Attributes:
        endpoint: Where.
        champion: The version that answers now, and for every request that the candidate fails.
        candidate: The version on trial.
        shares: The candidate's share at each step, 0 to 1.
        min_requests: Requests that the candidate answers at each step.
        min_time: Least length of a step, in microseconds.
        max_time: Longest length of the release, in microseconds.
        guards: What is watched.
        alpha: As in `Canary`.
        task: What the versions predict.
    """

    endpoint: str
    champion: Digest
    candidate: Digest
    shares: tuple[float, ...]
    min_requests: int
    min_time: Micros
    max_time: Micros
    guards: tuple[Guard, ...]
    alpha: float
    task: Task
    format: int = 1

    @property
    def last_step(self) -> int:
        return len(self.shares) - 1

    @property
    def alpha_of_a_guard(self) -> float:
        """The error rate of rolling back, split evenly over the guards."""
        return self.alpha / max(len(self.guards), 1)


def plan_release(
    canary: Canary, *, endpoint: str, champion: Digest, candidate: Digest, task: Task, loss_scale: float | None = None
) -> ReleasePlan:
    """The plan of releasing `candidate` beside `champion`.

    Args:
        canary: What the loop declares.
        endpoint: Where.
        champion: Model digest.
        candidate: Model digest, another one.
        task: What both predict.
        loss_scale: For regression: the error that counts as a whole loss, such as the label's standard deviation in the
            champion's reference. Needed where a quality guard names none.

    Raises:
        UsageError: The two are the same, or a regression has no scale.
    """
    if champion == candidate:
        raise UsageError(f"the candidate for {endpoint!r} is its champion already", fix="Release another version.")
    guards: list[Guard] = []
    for guard in canary.guards:
        if isinstance(guard, QualityGuard) and task == "regression" and guard.scale is None:
            if loss_scale is None or not loss_scale > 0:
                raise UsageError("a regression's losses have no scale", fix="Give the quality guard a scale above 0.")
            guards.append(msgspec.structs.replace(guard, scale=loss_scale))
        else:
            guards.append(guard)
    return ReleasePlan(
        endpoint=endpoint,
        champion=champion,
        candidate=candidate,
        shares=tuple(step / 100 for step in canary.steps),
        min_requests=canary.min_requests,
        min_time=_duration("min_time", canary.min_time),
        max_time=_duration("max_time", canary.max_time),
        guards=tuple(guards),
        alpha=canary.alpha,
        task=task,
    )


def _check_guards(guards: tuple[Guard, ...]) -> None:
    names = [guard.name for guard in guards if isinstance(guard, Guard)]
    if len(names) != len(guards):
        raise UsageError("a guard is none of errors(), latency(), quality() and outputs()")
    if len(set(names)) != len(names):
        raise UsageError(f"two guards watch the same thing: {sorted(n for n in names if names.count(n) > 1)}")
    for guard in guards:
        bound = guard_bound(guard)
        if not 0.0 < bound < 1.0:
            raise UsageError(
                f"the margin {bound} of guard {guard.name!r} is not between 0 and 1",
                why="no evidence could ever show that a candidate is not worse by nothing at all",
            )


def guard_bound(guard: Guard) -> float:
    """The mean that the guard's test is about: the margin, the share of slow answers, or the width of the band."""
    if isinstance(guard, ErrorGuard):
        return guard.margin_ratio
    if isinstance(guard, LatencyGuard):
        return guard.slow_ratio
    return guard.margin if isinstance(guard, QualityGuard) else guard.within


def _duration(name: str, text: str) -> Micros:
    if text == "0s":
        return 0
    try:
        return parse_duration(text)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{name}={text!r} is not a duration", fix="Write a duration such as 90s, 1h or 30d."
        ) from error
