"""How near an answer is to the expected one, by an embedder."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score
from loopwright.llm.embedder import Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity(PlainScorer):
    """See `similarity`."""

    kind: ClassVar[str] = "similarity/1"
    name: str
    embedder: Embedder
    at_least: float

    async def score(self, case: Case, answer: Answer) -> Score:
        if answer.error:
            return self.unjudged(f"there is no answer: {answer.why or answer.error}")
        return await asyncio.to_thread(self.judged, case, answer)

    def judged(self, case: Case, answer: Answer) -> Score:
        expected = case.expected
        wanted = [expected] if isinstance(expected, str) else list(expected) if isinstance(expected, Sequence) else []
        if not wanted:
            return self.unjudged("the case does not say what is expected")
        vectors = self.embedder.embed([answer.text, *map(str, wanted)])
        near = float((vectors[1:] @ vectors[0]).max())
        return self.verdict(near >= self.at_least, value=near, reason=f"cosine {near:.3f}")


def similarity(embedder: Embedder, *, at_least: float, name: str = "similarity") -> Similarity:
    """The cosine similarity of the answer and the expected one, or the nearest of several, is at least so much. Texts
    that say the opposite are often near: use it beside a scorer that reads.

    Args:
        embedder: Makes the vectors.
        at_least: From -1 to 1.
        name: As reports call it.
    """
    return Similarity(name=name, embedder=embedder, at_least=at_least)
