"""What a release is guarded by, as declared: each guard's figure, its margin, and where it must have passed."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.release.span import duration

Required = Literal["every_step", "last_step", "never"]
"""Where a guard must have passed: before every step ends, before the last one does, or nowhere."""
Direction = Literal["higher_is_better", "lower_is_better"]


class ErrorGuard(msgspec.Struct, frozen=True, kw_only=True, tag="errors", tag_field="kind"):
    """The candidate's share of failed requests is less than the champion's times `ratio`, or plus `margin`.

    The greater of the two counts: twice the champion's failures are too many where it fails often, and a version that
    fails once where the champion never did is not stopped where it hardly ever fails.

    Attributes:
        margin: Additional share of failures that is let pass, whatever the champion's.
        ratio: How many times the champion's share is too much; None where only the margin counts.
        step_margin: The margin that must be proven before a step that is not the last; None for `margin`.
        required: Where it must have passed.
    """

    margin: float = 0.001
    ratio: float | None = 2.0
    step_margin: float | None = 0.02
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


class RankingGuard(msgspec.Struct, frozen=True, kw_only=True, tag="ranking", tag_field="kind"):
    """The candidate's area under the ROC curve is at least the champion's less `margin`, on the same labelled requests.

    For binary tasks; a release of another task goes without it. Each positive is compared with negatives that no other
    was compared with, so the comparisons are independent and their mean is the difference of the two areas.
    """

    margin: float = 0.03
    required: Required = "last_step"

    @property
    def name(self) -> str:
        return "ranking"


class OutputGuard(msgspec.Struct, frozen=True, kw_only=True, tag="outputs", tag_field="kind"):
    """The two versions' mean outputs, on [0, 1], differ by at most `within`.

    A proven shift holds the release until labels have proven the candidate good; it never rolls back, for a good
    retrain after a change of the world shifts its outputs by design.
    """

    within: float = 0.1
    required: Required = "never"

    @property
    def name(self) -> str:
        return "outputs"


class EstimateGuard(msgspec.Struct, frozen=True, kw_only=True, tag="estimate", tag_field="kind"):
    """The loss that the candidate expects of itself is at most the champion's plus `margin`.

    A version that says 0.8 expects to be wrong in a fifth of the cases. That is true of calibrated versions only, so a
    proven rise holds the release until labels have proven the candidate good, and a fall proves nothing. Classification
    only; a release of a regression goes without it.
    """

    margin: float = 0.05
    required: Required = "never"

    @property
    def name(self) -> str:
        return "estimate"


class MetricGuard(msgspec.Struct, frozen=True, kw_only=True, tag="metric", tag_field="kind"):
    """The mean of a business metric, fed by `/feedback`, is worse by less than `margin` of its range.

    Attributes:
        metric: Its name in the feedback.
        margin: Share of the range.
        low: Least value; what is below counts as this.
        high: Greatest value; what is above counts as this.
        direction: Which way is good.
        required: Where it must have passed.
    """

    metric: str
    margin: float = 0.02
    low: float = 0.0
    high: float = 1.0
    direction: Direction = "higher_is_better"
    required: Required = "last_step"

    @property
    def name(self) -> str:
        return f"metric:{self.metric}"


class FunctionGuard(msgspec.Struct, frozen=True, kw_only=True, tag="function", tag_field="kind"):
    """The mean of what a function of the user's makes of the request log stays on the good side of `bound`.

    Attributes:
        name: As reports show it.
        function: `module:name` of a function `(candidate, champion) -> float | Sequence[float]`, each a data frame of
            the requests that the arm answered since the last look. Each value it returns is one observation.
        bound: The mean that is too bad.
        low: Least possible value.
        high: Greatest possible value.
        direction: Which way is good.
        required: Where it must have passed.
    """

    name: str
    function: str
    bound: float
    low: float
    high: float
    direction: Direction
    required: Required = "last_step"


class AgreementGuard(msgspec.Struct, frozen=True, kw_only=True, tag="agreement", tag_field="kind"):
    """A shadow gives the same answer as the champion on at least this share of requests."""

    least: float
    required: Required = "every_step"

    @property
    def name(self) -> str:
        return "agreement"


Guard = (
    ErrorGuard
    | LatencyGuard
    | QualityGuard
    | RankingGuard
    | OutputGuard
    | EstimateGuard
    | MetricGuard
    | FunctionGuard
    | AgreementGuard
)
DEFAULT_GUARDS: tuple[Guard, ...] = (ErrorGuard(), LatencyGuard(), QualityGuard(), RankingGuard(), OutputGuard())


def error_guard(
    margin: float = 0.001,
    *,
    ratio: float | None = 2.0,
    step_margin: float | None = 0.02,
    required: Required = "every_step",
) -> ErrorGuard:
    """Guard the share of failed requests: below the champion's times `ratio`, or plus `margin`."""
    return ErrorGuard(margin=margin, ratio=ratio, step_margin=step_margin, required=required)


def latency_guard(ratio: float = 2.0, *, floor: str = "25ms", required: Required = "every_step") -> LatencyGuard:
    """Guard the 95th percentile of the latency; answers within `floor` are never slow."""
    return LatencyGuard(ratio=ratio, floor_us=duration("floor", floor), required=required)


def quality_guard(margin: float = 0.005, *, required: Required = "last_step") -> QualityGuard:
    """Guard the loss against labels; where it is not required, a release may end without any label."""
    return QualityGuard(margin=margin, required=required)


def ranking_guard(margin: float = 0.03, *, required: Required = "last_step") -> RankingGuard:
    """Guard the area under the ROC curve against labels."""
    return RankingGuard(margin=margin, required=required)


def output_guard(within: float = 0.1) -> OutputGuard:
    """Hold where the outputs shift."""
    return OutputGuard(within=within)


def estimate_guard(margin: float = 0.05) -> EstimateGuard:
    """Hold where the candidate expects more errors of itself than the champion does."""
    return EstimateGuard(margin=margin)


def metric_guard(
    metric: str,
    margin: float = 0.02,
    *,
    low: float = 0.0,
    high: float = 1.0,
    direction: Direction = "higher_is_better",
    required: Required = "last_step",
) -> MetricGuard:
    """Guard a business metric that `/feedback` carries."""
    return MetricGuard(metric=metric, margin=margin, low=low, high=high, direction=direction, required=required)


def guard(
    name: str,
    function: Callable[..., Any],
    *,
    bound: float,
    low: float,
    high: float,
    direction: Direction = "lower_is_better",
    required: Required = "last_step",
) -> FunctionGuard:
    """Guard whatever a function makes of the request log.

    Args:
        name: As reports show it.
        function: At the top of a module; `(candidate, champion) -> float | Sequence[float]`, each a Polars frame of the
            requests that the arm answered since the last look. Where it raises, or returns a value that is not finite,
            nothing is known.
        bound: The mean of its values that is too bad.
        low: Least possible value; what is below counts as this.
        high: Greatest possible value; what is above counts as this.
        direction: Which way is good.
        required: Where it must have been proven better than `bound`.

    Raises:
        UsageError: The function could not be found again by its name.
    """
    where = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    if not all(part.isidentifier() for part in where.replace(".", ":").split(":")):
        raise UsageError(
            f"the function of guard {name!r} has no name at the top of a module",
            fix="Define it with def at the top of the loop file.",
        )
    return FunctionGuard(
        name=name, function=where, bound=bound, low=low, high=high, direction=direction, required=required
    )


def check_guards(guards: tuple[Guard, ...]) -> None:
    """Refuse guards that watch the same thing, or that no evidence could ever satisfy.

    Raises:
        UsageError: One of them is no guard; the message names what to change.
    """
    names = [guard.name for guard in guards if isinstance(guard, Guard)]
    if len(names) != len(guards):
        raise UsageError("a guard is none of those that loopwright makes", fix="Use error_guard(), guard() and so on.")
    if len(set(names)) != len(names):
        raise UsageError(f"two guards watch the same thing: {sorted(n for n in names if names.count(n) > 1)}")
    for given in guards:
        _check(given)


def _check(given: Guard) -> None:
    if isinstance(given, FunctionGuard):
        if not given.low < given.bound < given.high:
            raise UsageError(f"the bound of guard {given.name!r} does not lie between {given.low} and {given.high}")
        return
    bound = guard_bound(given)
    if not 0.0 < bound < 1.0:
        raise UsageError(
            f"the margin {bound} of guard {given.name!r} is not between 0 and 1",
            why="no evidence could ever show that a candidate is not worse by nothing at all",
        )
    if isinstance(given, MetricGuard) and not given.low < given.high:
        raise UsageError(f"guard {given.name!r} has no range from {given.low} to {given.high}")
    if isinstance(given, ErrorGuard) and given.ratio is not None and not given.ratio > 1.0:
        raise UsageError(f"ratio={given.ratio} of guard 'errors' is not above 1")


def guard_bound(guard: Guard) -> float:
    """The mean that the guard's test is about: the margin, the share of slow answers, or the width of the band."""
    if isinstance(guard, LatencyGuard):
        return guard.slow_ratio
    if isinstance(guard, FunctionGuard):
        return guard.bound
    if isinstance(guard, AgreementGuard):
        return 1.0 - guard.least
    return guard.within if isinstance(guard, OutputGuard) else guard.margin
