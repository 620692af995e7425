"""Answers that cases bring along: made elsewhere, judged here."""

from typing import Any

from loopwright.core.hashing import Digest, digest_value
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case, Cases
from loopwright.llm.retriever import Passage

_NOT_GIVEN = "LW105"


class GivenAnswers:
    """A subject that asks nobody: a case's `metadata.answer` is the answer, and `metadata.passages`, a list of texts,
    what it was given."""

    def __init__(self, cases: Cases) -> None:
        self._version = digest_value([[case.id, case.metadata.get("answer")] for case in cases.cases])

    @property
    def version(self) -> Digest:
        """Of all the answers."""
        return self._version

    async def respond(self, case: Case, *, repeat: int) -> Answer:  # noqa: ARG002 - there is one answer
        """What the case brings along; an error where that is nothing."""
        given: Any = case.metadata.get("answer")
        if not isinstance(given, str):
            return Answer(error=_NOT_GIVEN, why="the case brings no answer along (`metadata.answer`)")
        texts = case.metadata.get("passages", ())
        passages = [str(text) for text in texts] if isinstance(texts, list | tuple) else []
        return Answer(text=given, cost_usd=0.0, passages=tuple(_passage(n, text) for n, text in enumerate(passages, 1)))


def _passage(number: int, text: str) -> Passage:
    return Passage(id=str(number), document=str(number), text=text, score=1.0 / number)
