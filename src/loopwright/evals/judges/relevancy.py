"""Answer relevancy: how near the questions that an answer answers are to the one that was asked (RAGAS)."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import JudgeScorer, Opinion, Pinned, no_opinion
from loopwright.evals.judges.material import Text, judge_prompt
from loopwright.llm.embedder import Embedder
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.route import Route

_PROMPT = judge_prompt(
    "judge-relevancy",
    task="Write {{ criteria }} different questions, each of which the answer answers, in the answer's language. Say "
    'whether the answer is noncommittal: evasive, vague, or a refusal, as "I don\'t know".',
    answer='{"questions": ["…", …], "noncommittal": true or false}',
)


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer answers."""

    questions: list[str]
    noncommittal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRelevancy(JudgeScorer):
    """See `answer_relevancy`."""

    kind: ClassVar[str] = "answer_relevancy/1"
    name: str
    pinned: Pinned
    embedder: Embedder
    questions: int
    prompt: Prompt
    judge: Judge | None = None

    def missing(self, case: Case, answer: Answer) -> str:  # noqa: ARG002 - the seam's form
        return "" if case.question.strip() else "the case has no question in words"

    async def opinion(self, case: Case, answer: Answer, judge: Judge) -> Opinion:
        texts = [Text("Answer", answer.text)]
        said = await self.said(judge, self.prompt, texts, form=Asked, sound=self._wrong, criteria=str(self.questions))
        if said.value is None:
            return no_opinion(said)
        if said.value.noncommittal:
            words = "the answer commits itself to nothing"
            return Opinion(value=0.0, words=words, cost_usd=said.cost_usd, unpriced=said.unpriced)
        vectors = await asyncio.to_thread(self.embedder.embed, [case.question, *said.value.questions])
        near = float((vectors[1:] @ vectors[0]).mean())
        words = f"it answers questions like: {said.value.questions[0]}"
        return Opinion(value=near, words=words, cost_usd=said.cost_usd, unpriced=said.unpriced)

    def _wrong(self, said: Asked) -> str:
        return "" if said.noncommittal or len(said.questions) == self.questions else "the number of questions is wrong"


def answer_relevancy(
    *, judge: Route, embedder: Embedder, at_least: float = 0.7, questions: int = 3, repeats: int = 1,
    name: str = "answer_relevancy", prompt: Prompt | None = None,
) -> AnswerRelevancy:  # fmt: skip
    """The mean cosine similarity of the question that was asked and questions that a model writes to the answer; 0
    where the answer is noncommittal (the definition of RAGAS). It says whether the answer is about the question, not
    whether it is right.

    Args:
        judge: The model.
        embedder: Makes the vectors; the bound depends on it.
        at_least: The figure from which an answer passes.
        questions: How many are written.
        repeats: How often each answer is judged.
        name: As reports call it.
        prompt: Another prompt, with the variables `fence`, `material` and `criteria`, the number of questions.

    Raises:
        UsageError: No question would be written.
    """
    if questions < 1:
        raise UsageError(f"questions={questions} is not at least 1")
    pinned = Pinned(route=judge, at_least=at_least, repeats=repeats)
    return AnswerRelevancy(name=name, pinned=pinned, embedder=embedder, questions=questions, prompt=prompt or _PROMPT)
