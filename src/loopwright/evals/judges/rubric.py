"""A judge with a rubric of the user's own words."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned, no_opinion
from loopwright.evals.judges.material import Text, judge_prompt
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route

_PROMPT = judge_prompt(
    "judge-rubric",
    task="Decide whether the answer meets this criterion, and nothing else:\n\n{{ criteria }}\n\nWhere a reference is "
    "shown, it is a good answer to the same question. If the material does not let you decide, say unsure.",
    answer='{"reasoning": "one or two sentences", "verdict": "pass" or "fail" or "unsure"}',
)


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the judge is to say."""

    reasoning: str
    verdict: Literal["pass", "fail", "unsure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric(JudgeScorer):
    """See `rubric`."""

    kind: ClassVar[str] = "rubric/1"
    name: str
    criteria: str
    pinned: Pinned
    prompt: Prompt
    judge: Judge | None = None

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        texts = [Text("Question", case.question), *_reference(case), Text("Answer", answer.text)]
        said = await self.said(judge, self.prompt, texts, form=Ruling, criteria=self.criteria)
        if said.value is None:
            return no_opinion(said)
        value = {"pass": 1.0, "fail": 0.0}.get(said.value.verdict)
        words = said.value.reasoning if value is not None else f"the judge is unsure: {said.value.reasoning}"
        return Opinion(value=value, words=words, cost_usd=said.cost_usd, unpriced=said.unpriced)


def rubric(
    criteria: str, *, judge: Route, repeats: int = 1, prompt: Prompt | None = None, name: str = "rubric"
) -> Rubric:
    """A model says whether the answer meets a criterion; it may say that it is unsure, which is no verdict.

    Args:
        criteria: In plain words, one thing at a time: "The answer names the price."
        judge: The model.
        repeats: How often it is asked about each answer; the majority decides.
        prompt: Another prompt, with the variables `fence`, `material` and `criteria`.
        name: As reports call it.

    Raises:
        UsageError: The criterion is empty.
    """
    if not criteria.strip():
        raise UsageError("a rubric needs a criterion", fix='Write rubric("The answer names the price.", judge=…).')
    pinned = Pinned(route=judge, at_least=0.5, repeats=repeats)
    return Rubric(name=name, criteria=criteria, pinned=pinned, prompt=prompt or _PROMPT)


def _reference(case: Case) -> list[Text]:
    return [] if case.expected is None else [Text("Reference", str(case.expected))]
