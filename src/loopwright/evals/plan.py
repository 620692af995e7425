"""What a run would ask and cost, before it asks anybody."""

from collections.abc import Mapping, Sequence

import msgspec

from loopwright.core.hashing import Digest
from loopwright.evals.case import Cases
from loopwright.evals.judges.judge_scorer import JudgeScorer
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.scorer import Scorer


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer, or one question to a judge, is thought to cost.

    Attributes:
        answer_usd: None: nobody knows.
        judging_usd: For all judges of one answer; None: nobody knows.
        why: Where the figures come from.
    """

    answer_usd: float | None = None
    judging_usd: float | None = None
    why: str = "no run of it has a cost yet"


class EvaluationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do.

    Attributes:
        version: What would answer.
        name: The set's name.
        cases: How many.
        repeats: Answers to each.
        to_ask: Answers that are not kept.
        kept: Answers that are.
        judges: By scorer that asks a model, how many questions it asks at most.
        cost_usd: What it is thought to cost; 0 only where nobody is asked, None where nobody knows.
        why: Where that comes from.
    """

    version: Digest
    name: str
    cases: int
    repeats: int
    to_ask: int
    kept: int
    judges: Mapping[str, int]
    cost_usd: float | None
    why: str = ""


def plan_evaluation(
    version: Digest,
    cases: Cases,
    scorers: Sequence[Scorer],
    *,
    repeats: int,
    kept: KeptAnswers | None,
    guess: Guess | None = None,
) -> EvaluationPlan:
    """Look up which answers and verdicts are kept and count the rest; nobody is asked."""
    asked = [(case, repeat) for case in cases.cases for repeat in range(repeats)]
    known = kept.answers(version, asked) if kept is not None else {}
    judging = [scorer for scorer in scorers if isinstance(scorer, JudgeScorer)]
    missing = dict.fromkeys((scorer.name for scorer in judging), len(asked) - len(known))
    for case, repeat in asked if judging else ():
        if kept is not None and (case.id, repeat) in known:
            there = kept.scores(case, known[case.id, repeat], judging)
            for scorer in judging:
                missing[scorer.name] += scorer.name not in there
    judges = {one.name: missing[one.name] * one.pinned.repeats * one.askings for one in judging}
    to_ask = len(asked) - len(known)
    assumed = guess or Guess()
    return EvaluationPlan(
        version=version,
        name=cases.name,
        cases=len(cases.cases),
        repeats=repeats,
        to_ask=to_ask,
        kept=len(known),
        judges=judges,
        cost_usd=_cost((to_ask, assumed.answer_usd), (max(missing.values(), default=0), assumed.judging_usd)),
        why=assumed.why,
    )


def explain(plan: EvaluationPlan) -> list[str]:
    """The plan as lines to read."""
    answers = "1 answer" if plan.repeats == 1 else f"{plan.repeats} answers"
    lines = [
        f"{plan.cases} cases of {plan.name}, {answers} each: {plan.to_ask} to ask, {plan.kept} kept",
        *(f"judge {name}: at most {count} questions" for name, count in plan.judges.items()),
    ]
    if plan.cost_usd is None:
        return [*lines, f"cost: unknown ({plan.why})"]
    return [*lines, f"cost: about {plan.cost_usd:.4g} USD ({plan.why})" if plan.cost_usd else "cost: nothing"]


def _cost(*parts: tuple[int, float | None]) -> float | None:
    """The sum of counts times prices; None where something without a known price is asked."""
    if any(count and price is None for count, price in parts):
        return None
    return sum(count * (price or 0.0) for count, price in parts)
