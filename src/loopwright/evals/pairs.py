"""Two versions' answers side by side: which one a judge prefers, in both orders."""

import asyncio
from collections.abc import Mapping

import msgspec
import numpy as np

from loopwright.errors import UsageError
from loopwright.evals.case import Case, Cases
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import Opinion
from loopwright.evals.judges.pairwise import Pairwise
from loopwright.evals.result import EvaluationResult, Range
from loopwright.evals.summary import as_range
from loopwright.stats.resampled_means import share_difference, sign_test


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge prefers.

    Attributes:
        wins: Cases on which the first version's answer is preferred in both orders.
        losses: On which the second's is.
        ties: On which neither is, in both orders.
        no_verdict: The rest: the preference turned with the order, the judge cannot be understood, or an answer is
            missing.
        gain: Share of wins less share of losses, of the cases with a verdict, with Bonett and Price's interval.
        p_value: McNemar's exact test, two-sided.
        unjudged: How often each reason for no verdict was given.
        cost_usd: What judging cost.
    """

    wins: int
    losses: int
    ties: int
    no_verdict: int
    gain: Range
    p_value: float
    unjudged: Mapping[str, int] = {}
    cost_usd: float = 0.0


async def prefer(
    pairwise: Pairwise, cases: Cases, *, first: EvaluationResult, second: EvaluationResult, judge: Judge,
    concurrency: int = 8,
) -> Preferences:  # fmt: skip
    """Show a judge both versions' first answers to each case.

    Args:
        pairwise: What makes an answer better, and the model.
        cases: The set that both results are of.
        first: One version.
        second: The other.
        judge: What asks.
        concurrency: Cases under way at a time.

    Raises:
        UsageError: The results are not of these cases.
    """
    if not cases.digest == first.cases == second.cases:
        raise UsageError("the two results are not of these cases", fix="Run the evaluation for both versions.")
    answers = [{row.case: row.answer for row in result.rows if row.repeat == 0} for result in (first, second)]
    at_once = asyncio.Semaphore(concurrency)

    async def one(case: Case) -> Opinion:
        mine, other = answers[0][case.id], answers[1][case.id]
        if mine.error or other.error:
            return Opinion(value=None, words="one of the answers is missing")
        async with at_once:
            return await pairwise.preferred(case, mine.text, other.text, judge=judge)

    opinions = await asyncio.gather(*(one(case) for case in cases.cases))
    return _together(opinions)


def _together(opinions: list[Opinion]) -> Preferences:
    known = np.array([2.0 * one.value - 1.0 for one in opinions if one.value is not None], dtype=np.float64)
    reasons: dict[str, int] = {}
    for one in opinions:
        if one.value is None:
            reason = one.words.partition(":")[0]
            reasons[reason] = reasons.get(reason, 0) + 1
    wins, losses = int((known > 0).sum()), int((known < 0).sum())
    return Preferences(
        wins=wins,
        losses=losses,
        ties=int(known.size) - wins - losses,
        no_verdict=len(opinions) - int(known.size),
        gain=as_range(share_difference(known)),
        p_value=sign_test(wins, losses),
        unjudged=reasons,
        cost_usd=sum(one.cost_usd for one in opinions),
    )
