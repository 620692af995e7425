"""One evaluation of one thing: planned, shown, done, kept."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import msgspec

from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.evaluations.opened import RouteJudge, version_of_route
from loopwright.app.evaluations.results import KeptResult, keep_result, kept_results
from loopwright.app.evaluations.target import Target
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.evals.answer import Subject
from loopwright.evals.case import Cases
from loopwright.evals.check import ApplicationEvidence, Evaluation
from loopwright.evals.given import GivenAnswers
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, bound
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.plan import EvaluationPlan, Guess, plan_evaluation
from loopwright.evals.result import EvaluationResult
from loopwright.evals.run import OnProgress, run_evaluation
from loopwright.evals.spending import LimitedJudge, LimitedSubject, Spending


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is done.

    Attributes:
        repeats: Answers to each case; None: as the evaluation says.
        concurrency: Cases under way; None: as the evaluation says.
        fresh: Whether everything is asked anew.
        limit_usd: What it may cost; None: no limit.
    """

    repeats: int | None = None
    concurrency: int | None = None
    fresh: bool = False
    limit_usd: float | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run."""

    kept: KeptResult
    result: EvaluationResult


class EvaluationJourney:
    """An evaluation of a target in a workspace.

    Args:
        workspace: The workspace.
        evaluation: What is asked and how it is judged.
        target: What answers.
        manner: How.

    Raises:
        SourceError: There are no cases, or a file of them holds what is none.
    """

    def __init__(self, workspace: Workspace, evaluation: Evaluation, target: Target, *, manner: Manner) -> None:
        self._workspace = workspace
        self._evaluation = evaluation
        self._target = target
        self._manner = manner
        self.cases: Cases = evaluation.cases(workspace.project)
        self._kept = KeptAnswers(workspace.stores.kv, clock=workspace.machine, fresh=manner.fresh)

    @property
    def paid(self) -> bool:
        """Whether it may cost somebody money."""
        judges = [one for one in self._evaluation.scorers if isinstance(one, JudgeScorer)]
        return self._target.paid or any(up.key for judge in judges for up in judge.pinned.route.upstreams)

    def plan(self) -> EvaluationPlan:
        """What would be asked; nobody is."""
        return plan_evaluation(
            self._version(),
            self.cases,
            self._evaluation.scorers,
            repeats=self._repeats,
            kept=self._kept,
            guess=self._guess(),
        )

    async def apply(self, on_progress: OnProgress | None = None) -> Done:
        """Ask, score, and keep the result.

        Raises:
            ModelLoadError: The version cannot be opened.
            StoreError: Answers or the result cannot be kept.
        """
        spending = Spending(self._manner.limit_usd) if self._manner.limit_usd is not None else None
        async with self._opened() as opened:
            subject = self._subject(opened)
            scorers = self._evaluation.scorers
            if opened is not None:
                judge: Judge = RouteJudge(opened, self._workspace)
                scorers = bound(scorers, LimitedJudge(judge, spending) if spending else judge)
            result = await run_evaluation(
                LimitedSubject(subject, spending) if spending else subject,
                self.cases,
                scorers,
                repeats=self._repeats,
                concurrency=self._manner.concurrency or self._evaluation.concurrency,
                kept=None if self._given else self._kept,
                on_progress=on_progress,
            )
        return Done(kept=self._keep(result), result=result)

    @property
    def _given(self) -> bool:
        return self._target.route is None and self._target.version is None

    @property
    def _repeats(self) -> int:
        return self._manner.repeats or self._evaluation.repeats

    def _opened(self) -> AbstractAsyncContextManager[Any]:
        costly = any(isinstance(one, JudgeScorer) for one in self._evaluation.scorers)
        if self._given and not costly:
            return nullcontext()
        return OpenedApplications(self._workspace, self._target.loop or "evaluation")

    def _version(self) -> Digest:
        if self._target.version is not None:
            return self._target.version
        if self._target.route is not None:
            return version_of_route(self._workspace, self._target.route)
        return GivenAnswers(self.cases).version

    def _subject(self, opened: OpenedApplications | None) -> Subject:
        if opened is None or self._given:
            return GivenAnswers(self.cases)
        return opened.subject(self._version())

    def _guess(self) -> Guess:
        """What answers and scores of this evaluation cost the last time that their price was known."""
        if self._given:
            return Guess(answer_usd=0.0, judging_usd=_judging(self._past()), why="by the last run of this evaluation")
        for past in self._past():
            if past.answers and not past.unpriced and not past.errors:
                why = f"by the run {past.id[:12]} of this evaluation"
                return Guess(answer_usd=past.cost_usd / past.answers, judging_usd=_judging((past,)), why=why)
        return Guess() if self.paid else Guess(why="no model that needs a key is asked")

    def _past(self) -> tuple[KeptResult, ...]:
        return kept_results(self._workspace, evaluation=self._evaluation.name, limit=20)

    def _keep(self, result: EvaluationResult) -> KeptResult:
        return keep_result(
            self._workspace,
            result,
            evaluation=self._evaluation.name,
            subject=self._target.shown,
            verdict=verdict_of(self._evaluation, result),
        )


def verdict_of(evaluation: Evaluation, result: EvaluationResult) -> Verdict | None:
    """What the evaluation's own bounds say of a result, no champion beside it; None where it has none."""
    evidence = ApplicationEvidence(version=result.version, results={evaluation.name: result})
    verdict = evaluation(evidence, None)
    return None if verdict.outcome is Outcome.NOT_APPLICABLE else verdict


def refuse_unasked_cost(journey: EvaluationJourney, plan: EvaluationPlan, *, agreed: bool) -> None:
    """Stop what may cost money before it starts.

    Raises:
        UsageError: Nobody has agreed to the cost.
    """
    asks = plan.to_ask or any(plan.judges.values())
    if agreed or not asks or not journey.paid or plan.cost_usd == 0.0:
        return
    cost = "an unknown amount" if plan.cost_usd is None else f"about {plan.cost_usd:.4g} USD"
    raise UsageError(
        f"this may cost {cost}", why=f"{plan.to_ask} answers and {sum(plan.judges.values())} questions to judges",
        fix="Add --yes, or --limit-cost 2usd.",
    )  # fmt: skip


def _judging(past: tuple[KeptResult, ...]) -> float | None:
    return next((one.judging_usd / one.answers for one in past if one.answers and one.judging_usd), None)
