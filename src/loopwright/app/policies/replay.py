"""`loopwright policy replay`: policies beside one another on the same past."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.app.policies.course import Course, Retrain, Span, play
from loopwright.app.policies.history import History
from loopwright.app.policies.policy import Policy
from loopwright.app.policies.trained import Trainer
from loopwright.core.clock import Clock
from loopwright.core.schema import Task
from loopwright.errors import UsageError
from loopwright.monitoring.reference import DAY
from loopwright.stats.arrays import AnyArray, Floats, positive_mask
from loopwright.stats.intervals import Interval, auc_difference, bootstrap_difference
from loopwright.stats.quality import METRICS, Metric

MONTH_DAYS = 30
StartBar = Callable[[str, int], Callable[[int], None]]
_RESAMPLES = 200
_FIRST_CHOICE: dict[Task, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "mae"}


class PolicyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy came to.

    Attributes:
        policy: Its name.
        value: The metric over all rows played, None where it is undefined.
        gain: How much better than the first policy, positive is better; `gain_low` and `gain_high` are its 95 %
            interval over days, paired.
        retrains: All of them.
        released, rejected, inconclusive, failed: How many came to what.
        training_s: Seconds of training.
        cost: Of the trainings, in the currency of the price.
        months: The metric in each stretch of thirty days, None where it is undefined.
    """

    policy: str
    value: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    retrains: tuple[Retrain, ...]
    released: int
    rejected: int
    inconclusive: int
    failed: int
    training_s: float
    cost: float
    months: tuple[float | None, ...]


class PolicyReplay(msgspec.Struct, frozen=True, kw_only=True):
    """Policies beside one another.

    Attributes:
        loop: The loop's name.
        metric: What quality is measured by.
        greater_is_better: Of the metric.
        first_day, end_day: The days played, the second one not included (days since 1970, UTC).
        rows: Labelled rows played.
        price: Of one training.
        results: In the order asked for; gains are over the first.
        months: The first day of each stretch.
    """

    loop: str
    metric: str
    greater_is_better: bool
    first_day: int
    end_day: int
    rows: int
    price: float
    results: tuple[PolicyResult, ...]
    months: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Played:
    metric: Metric
    classes: tuple[str | int | bool, ...]
    task: Task
    label: AnyArray
    days: NDArray[np.int64]
    span: Span
    price: float

    def value(self, scores: Floats, where: slice | NDArray[np.bool_] = slice(None)) -> float | None:
        label = self.label[where]
        found = float(self.metric.function(label, scores[where], self.classes)) if len(label) else float("nan")
        return found if np.isfinite(found) else None

    def gain(self, scores: Floats, base: Floats) -> Interval:
        """How much better `scores` are than `base`, positive is better."""
        sign = 1.0 if self.metric.greater_is_better else -1.0
        if self.metric.name == "roc_auc" and self.task == "binary":
            return auc_difference(positive_mask(self.label, self.classes), scores, base, blocks=self.days)
        return bootstrap_difference(
            lambda label, part: sign * self.metric.function(label, part, self.classes),
            self.label,
            (scores, base),
            rng=np.random.default_rng(0),
            blocks=self.days,
            resamples=_RESAMPLES,
        )

    @property
    def months(self) -> tuple[int, ...]:
        return tuple(range(self.span.first, self.span.end, MONTH_DAYS))


def replay_policies(
    history: History,
    policies: Sequence[Policy],
    span: Span,
    *,
    metric: str | None = None,
    price: float = 0.0,
    clock: Clock,
    start: StartBar,
) -> PolicyReplay:
    """Play every policy on the same past and compare them.

    Args:
        history: The past, and the loop whose pipeline trains and whose gate judges.
        policies: At least one; the first is what the others are compared with.
        span: The days played.
        metric: A key of `stats.quality.METRICS`; where None, that of the first policy's performance rule, else
            `roc_auc`, `log_loss` or `mae` by the task.
        price: Of one training.
        clock: Measures trainings.
        start: Told each policy's name and how many days it plays; what it returns is told of days that are over.

    Raises:
        UsageError: No policy, no such metric, or no labelled row in the span or before it.
    """
    played = _played(history, span, _metric(history, policies, metric), price=price)
    trainer, courses = Trainer(history=history, clock=clock), list[Course]()
    for policy in policies:
        over = start(policy.name, span.end - span.first)
        courses.append(play(policy, trainer, span, checks=tuple(history.loop.gate), over=over))
    return PolicyReplay(
        loop=history.loop.name,
        metric=played.metric.name,
        greater_is_better=played.metric.greater_is_better,
        first_day=span.first,
        end_day=span.end,
        rows=len(played.label),
        price=price,
        results=tuple(_result(played, course, courses[0]) for course in courses),
        months=played.months,
    )


def _metric(history: History, policies: Sequence[Policy], name: str | None) -> Metric:
    if not policies:
        raise UsageError("no policy was named", fix="Name one, as --policy never.")
    task = history.rows.signature.task
    rules = [policy.performance.metric for policy in policies if policy.performance is not None]
    found = METRICS.get(name or next(iter(rules), _FIRST_CHOICE[task]))
    if found is None or task not in found.tasks:
        known = ", ".join(other.name for other in METRICS.values() if task in other.tasks)
        raise UsageError(f"{name!r} is no metric of a {task} task", why=f"there are {known}")
    return found


def _played(history: History, span: Span, metric: Metric, *, price: float) -> _Played:
    rows = history.between(span.first * DAY, span.end * DAY)
    if rows.start == rows.stop:
        raise UsageError(
            "there is no labelled row in this stretch of time",
            why="the past has none between --from and --to",
            fix="Choose another stretch; `loopwright dataset NAME` shows what has landed.",
        )
    signature = history.rows.signature
    return _Played(
        metric=metric,
        classes=signature.classes,
        task=signature.task,
        label=history.label[rows],
        days=history.at[rows] // DAY,
        span=span,
        price=price,
    )


def _result(played: _Played, course: Course, first: Course) -> PolicyResult:
    gain = played.gain(course.scores, first.scores)
    outcomes = [retrain.outcome for retrain in course.retrains]
    known = bool(np.isfinite(gain.value))
    bounds = (gain.low, gain.high) if known and np.isfinite([gain.low, gain.high]).all() else (None, None)
    return PolicyResult(
        policy=course.policy,
        value=played.value(course.scores),
        gain=gain.value if known else None,
        gain_low=bounds[0],
        gain_high=bounds[1],
        retrains=course.retrains,
        released=outcomes.count("released"),
        rejected=outcomes.count("rejected"),
        inconclusive=outcomes.count("inconclusive"),
        failed=outcomes.count("failed"),
        training_s=sum(retrain.seconds for retrain in course.retrains),
        cost=len(course.retrains) * played.price,
        months=tuple(
            played.value(course.scores, (played.days >= start) & (played.days < start + MONTH_DAYS))
            for start in played.months
        ),
    )
