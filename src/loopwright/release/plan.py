"""The plan of one release: who stands beside whom, and the strategy with everything that it left open filled in."""

from collections.abc import Mapping

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.core.schema import Task
from loopwright.errors import UsageError
from loopwright.release.routing import Cohort
from loopwright.release.rules import (
    AgreementGuard,
    EstimateGuard,
    Guard,
    OutputGuard,
    QualityGuard,
    RankingGuard,
)
from loopwright.release.span import duration
from loopwright.release.strategy import ABTest, Bandit, Shadow, Strategy, stages

CANDIDATE = "candidate"
"""The name of the one arm beside the champion."""
_SEVERAL = (ABTest, Bandit)
_OF_SCORES = (QualityGuard, RankingGuard, OutputGuard, EstimateGuard)
"""Guards of answers that are numbers; what an application answers is judged by metrics of its evaluations instead."""


class ReleasePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One release, decided before it starts. JSON by msgspec; `format` is the version of its form.

    Attributes:
        endpoint: Where.
        champion: The version that answers now, and for every request that a candidate fails.
        candidates: The versions on trial, by the names of their arms.
        strategy: As declared, with guards that fit the task.
        task: What the versions predict.
        limit: The longest that the release may take, whatever its strategy says.
    """

    endpoint: str
    champion: Digest
    candidates: dict[str, Digest]
    strategy: Strategy
    task: Task
    limit: Micros | None = None
    format: int = 2

    @property
    def candidate(self) -> Digest:
        """The first version on trial; the only one but in an A/B test and a bandit."""
        return next(iter(self.candidates.values()))

    @property
    def stages(self) -> tuple[Strategy, ...]:
        """The strategies that the release goes through, one after the other."""
        return stages(self.strategy)

    @property
    def guards(self) -> tuple[Guard, ...]:
        """Every guard of every stage, each once."""
        return tuple(dict.fromkeys(guard for stage in self.stages for guard in stage.guards))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The business metrics that evidence must hold."""
        tested = [stage.metric for stage in self.stages if isinstance(stage, _SEVERAL)]
        return tuple(dict.fromkeys([*tested, *(g.metric for g in self.guards if hasattr(g, "metric"))]))

    @property
    def max_time(self) -> Micros:
        """The longest that it may take, over all stages."""
        declared = sum(duration("max_time", stage.max_time) for stage in self.stages)
        return declared if self.limit is None else min(declared, self.limit)

    @property
    def unit(self) -> str | None:
        """The request's column that the lot is drawn by; the signature's key where None."""
        return next((stage.unit for stage in self.stages if isinstance(stage, _SEVERAL)), None)

    @property
    def cohort(self) -> Cohort | None:
        """The requests that take part; all where None."""
        return next((stage.cohort for stage in self.stages if not isinstance(stage, Shadow)), None)

    def alpha_of_a_guard(self, stage: int) -> float:
        """The error rate of rolling back, split evenly over stages, candidates and guards."""
        given = self.stages[stage]
        return given.alpha / (max(len(given.guards), 1) * len(self.candidates) * len(self.stages))


def plan_release(
    strategy: Strategy,
    *,
    endpoint: str,
    champion: Digest,
    candidate: Digest | Mapping[str, Digest],
    task: Task,
    loss_scale: float | None = None,
) -> ReleasePlan:
    """The plan of releasing a candidate, or several, beside `champion`.

    Args:
        strategy: What the loop declares.
        endpoint: Where.
        champion: Model digest.
        candidate: Model digest, another one; or several by the names of their arms, for an A/B test or a bandit.
        task: What all predict.
        loss_scale: For regression: the error that counts as a whole loss, such as the label's standard deviation in the
            champion's reference. Needed where a quality guard names none.

    Raises:
        UsageError: A candidate is the champion, there are several for a strategy of one, or a regression has no scale.
    """
    candidates = {CANDIDATE: candidate} if isinstance(candidate, str) else dict(candidate)
    _check_candidates(strategy, candidates, champion=champion, endpoint=endpoint)
    return ReleasePlan(
        endpoint=endpoint,
        champion=champion,
        candidates=candidates,
        strategy=_fitted(strategy, task, loss_scale),
        task=task,
    )


def _check_candidates(strategy: Strategy, candidates: dict[str, Digest], *, champion: Digest, endpoint: str) -> None:
    if not candidates or "champion" in candidates:
        raise UsageError(f"a release of {endpoint!r} names no candidate of its own")
    if champion in candidates.values():
        raise UsageError(f"the candidate for {endpoint!r} is its champion already", fix="Release another version.")
    if len(set(candidates.values())) != len(candidates):
        raise UsageError(f"two arms of {endpoint!r} would be the same version", fix="Name each version once.")
    if len(candidates) > 1 and not isinstance(stages(strategy)[-1], _SEVERAL):
        raise UsageError(
            f"{len(candidates)} versions cannot be released at once by this strategy",
            fix="Release one, or compare them with ABTest or Bandit.",
        )
    if len(candidates) > 1 and isinstance(strategy, Shadow):
        raise UsageError("a shadow stands beside one champion alone", fix="Shadow the versions one after the other.")
    for stage in stages(strategy):
        if isinstance(stage, ABTest) and stage.shares is not None and len(stage.shares) != len(candidates):
            raise UsageError(f"{len(stage.shares)} shares are declared for {len(candidates)} variant(s)")
        if isinstance(stage, Bandit) and stage.min_share * (len(candidates) + 1) > 100:
            raise UsageError(f"min_share={stage.min_share} leaves nothing to share among {len(candidates) + 1} arms")


def _fitted(strategy: Strategy, task: Task, loss_scale: float | None) -> Strategy:
    """The strategy with guards that fit the task."""
    guards = tuple(_fitted_guard(guard, task, loss_scale) for guard in strategy.guards if _concerns(guard, task))
    if isinstance(strategy, Shadow) and strategy.agreement is not None:
        if task == "generation":
            raise UsageError(
                "two versions of an application hardly ever give the very same answer",
                fix="Leave agreement= out, and compare them with `loopwright eval compare`.",
            )
        guards = (*guards, AgreementGuard(least=strategy.agreement))
    fitted = msgspec.structs.replace(strategy, guards=guards)
    if isinstance(fitted, Shadow) and fitted.then is not None:
        return msgspec.structs.replace(fitted, then=_fitted(fitted.then, task, loss_scale))
    return fitted


def _concerns(guard: Guard, task: Task) -> bool:
    if task == "generation" and isinstance(guard, _OF_SCORES):
        return False
    if isinstance(guard, RankingGuard):
        return task == "binary"
    return not isinstance(guard, EstimateGuard) or task != "regression"


def _fitted_guard(guard: Guard, task: Task, loss_scale: float | None) -> Guard:
    if not (isinstance(guard, QualityGuard) and task == "regression" and guard.scale is None):
        return guard
    if loss_scale is None or not loss_scale > 0:
        raise UsageError("a regression's losses have no scale", fix="Give the quality guard a scale above 0.")
    return msgspec.structs.replace(guard, scale=loss_scale)
