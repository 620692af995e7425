"""Context precision and recall: whether retrieval found what the expected answer needs (RAGAS)."""

from dataclasses import dataclass
from typing import ClassVar

from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.faithfulness import Supports, in_order, numbered, passage_texts
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned, no_opinion, share_of
from loopwright.evals.judges.material import Text, judge_prompt
from loopwright.evals.judges.sentences import sentences
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route

_USEFUL = judge_prompt(
    "judge-context-precision",
    task="Say of each numbered passage whether it was useful in arriving at the reference, which is a good answer to "
    "the question: true if it holds something that the reference says.",
    answer='{"verdicts": [{"statement": 1, "reasoning": "short", "supported": true or false}, …]}, with one entry for '
    "every passage, in their order",
)
_ATTRIBUTED = judge_prompt(
    "judge-context-recall",
    task="Say of each numbered sentence whether it can be attributed to the passages: true if they say it, false if "
    "they do not, however plausible it is. Use the passages alone, never what you know.",
    answer='{"verdicts": [{"statement": 1, "reasoning": "short", "supported": true or false}, …]}, with one entry for '
    "every sentence, in their order",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPrecision(JudgeScorer):
    """See `context_precision`."""

    kind: ClassVar[str] = "context_precision/1"
    name: str
    pinned: Pinned
    prompt: Prompt
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:
        return _lacking(case, answer)

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        known = [Text("Question", case.question), Text("Reference", str(case.expected))]
        texts = [*known, *passage_texts(answer.passages)]
        said = await self.said(judge, self.prompt, texts, form=Supports, sound=in_order(len(answer.passages)))
        if said.value is None:
            return no_opinion(said)
        useful = [one.supported for one in said.value.verdicts]
        words = f"{sum(useful)} of {len(useful)} passages are useful"
        value = average_precision(useful)
        return Opinion(value=value, words=words, cost_usd=said.cost_usd, unpriced=said.unpriced)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRecall(JudgeScorer):
    """See `context_recall`."""

    kind: ClassVar[str] = "context_recall/1"
    name: str
    pinned: Pinned
    prompt: Prompt
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:
        return _lacking(case, answer)

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        claims = sentences(str(case.expected))
        texts = [
            Text("Question", case.question), *passage_texts(answer.passages), *numbered("Sentence", claims)
        ]  # fmt: skip
        said = await self.said(judge, self.prompt, texts, form=Supports, sound=in_order(len(claims)))
        if said.value is None:
            return no_opinion(said)
        found = [one.supported for one in said.value.verdicts]
        absent = [claim for claim, good in zip(claims, found, strict=True) if not good]
        words = f"no passage says: {absent[0]}" if absent else "the passages say all of it"
        details = {"missing": absent}
        return Opinion(
            value=share_of(found), words=words, cost_usd=said.cost_usd, unpriced=said.unpriced, details=details
        )


def context_precision(
    *, judge: Route, at_least: float = 0.7, repeats: int = 1, prompt: Prompt | None = None,
    name: str = "context_precision",
) -> ContextPrecision:  # fmt: skip
    """Whether passages that were useful for the expected answer stand before those that were not: the mean, over useful
    passages, of the share of useful ones down to its place (average precision, as RAGAS defines it with a reference); 0
    where none was useful.

    Args:
        judge: The model, which says of each passage whether it was useful.
        at_least: The figure from which an answer passes.
        repeats: How often each answer is judged.
        prompt: Another prompt, with the variables `fence` and `material`.
        name: As reports call it.
    """
    pinned = Pinned(route=judge, at_least=at_least, repeats=repeats)
    return ContextPrecision(name=name, pinned=pinned, prompt=prompt or _USEFUL)


def context_recall(
    *, judge: Route, at_least: float = 0.8, repeats: int = 1, prompt: Prompt | None = None, name: str = "context_recall"
) -> ContextRecall:
    """The share of the expected answer's sentences that the passages say (as RAGAS defines it).

    The arguments are those of `context_precision`.
    """
    pinned = Pinned(route=judge, at_least=at_least, repeats=repeats)
    return ContextRecall(name=name, pinned=pinned, prompt=prompt or _ATTRIBUTED)


def average_precision(useful: list[bool]) -> float:
    """The mean of precision at each useful place; 0 without one."""
    hits, total = 0, 0.0
    for place, good in enumerate(useful, start=1):
        hits += good
        total += hits / place if good else 0.0
    return total / hits if hits else 0.0


def _lacking(case: Case, answer: Answer) -> str:
    if not answer.passages:
        return "the answer was given no passages"
    return (
        "" if isinstance(case.expected, str) and case.expected.strip() else "the case has no expected answer in words"
    )
