"""A judge that prefers one of two answers, asked in both orders."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned, no_opinion
from loopwright.evals.judges.material import Text, judge_prompt
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route

_PROMPT = judge_prompt(
    "judge-pairwise",
    task="Two answers to one question are shown. Say which is better by this criterion, and nothing else:\n\n"
    "{{ criteria }}\n\nTheir order means nothing. Say tie where neither is better.",
    answer='{"reasoning": "one or two sentences", "better": "first" or "second" or "tie"}',
)
_DEFAULT = "The better answer is correct, answers what was asked, and says no more than it knows."


class Preference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the judge is to say."""

    reasoning: str
    better: Literal["first", "second", "tie"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise(JudgeScorer):
    """See `pairwise`."""

    kind: ClassVar[str] = "pairwise/1"
    askings: ClassVar[int] = 2
    name: str
    criteria: str
    pinned: Pinned
    prompt: Prompt
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:  # noqa: ARG002 - the seam's form
        return "" if isinstance(case.expected, str) else "the case has no expected answer to compare with"

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        return await self.preferred(case, answer.text, str(case.expected), judge=judge)

    async def preferred(self, case: Case, mine: str, other: str, *, judge: Judge) -> Opinion:
        """1 where `mine` is better in both orders, 0 where `other` is, 0.5 where it is a tie in both; anything else
        shows that the order decided, and is no verdict."""
        there = await self._asked(case, (mine, other), judge)
        if there[0] is None:
            return there[1]
        back = await self._asked(case, (other, mine), judge)
        cost, unpriced = there[1].cost_usd + back[1].cost_usd, there[1].unpriced + back[1].unpriced
        if back[0] is None:
            return msgspec.structs.replace(back[1], cost_usd=cost, unpriced=unpriced)
        words, value = there[1].words, there[1].value
        if there[0] != 1.0 - back[0]:
            said = ", then ".join(_SIDES[side] for side in (there[0], back[0]))
            words, value = f"the order decided: the judge said {said}", None
        return Opinion(value=value, words=words, cost_usd=cost, unpriced=unpriced)

    async def _asked(self, case: Case, answers: tuple[str, str], judge: Judge) -> tuple[float | None, Opinion]:
        """How much the first of two is preferred, and the words."""
        first, second = answers
        texts = [Text("Question", case.question), Text("First answer", first), Text("Second answer", second)]
        said = await self.said(judge, self.prompt, texts, form=Preference, criteria=self.criteria)
        if said.value is None:
            return None, no_opinion(said)
        side = {"first": 1.0, "second": 0.0, "tie": 0.5}[said.value.better]
        words = said.value.reasoning
        return side, Opinion(value=side, words=words, cost_usd=said.cost_usd, unpriced=said.unpriced)


_SIDES = {1.0: "the first", 0.0: "the second", 0.5: "a tie"}


def pairwise(
    criteria: str = _DEFAULT, *, judge: Route, repeats: int = 1, prompt: Prompt | None = None, name: str = "pairwise"
) -> Pairwise:
    """A model compares the answer with the case's expected one, in both orders. The answer passes where it is preferred
    or even in both; where the preference turns with the order, as it does with most models now and then, there is no
    verdict.

    Args:
        criteria: What makes an answer better.
        judge: The model.
        repeats: How often each pair is judged, two questions each.
        prompt: Another prompt, with the variables `fence`, `material` and `criteria`.
        name: As reports call it.
    """
    pinned = Pinned(route=judge, at_least=0.5, repeats=repeats)
    return Pairwise(name=name, criteria=criteria, pinned=pinned, prompt=prompt or _PROMPT)
