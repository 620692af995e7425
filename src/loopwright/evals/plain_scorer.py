"""A scorer that only computes: what all scorers without a model have in common."""

import dataclasses
import inspect
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from loopwright.core.hashing import Digest, digest_value
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.score import Score
from loopwright.evals.scorer import Scorer

_LONGEST = 300


class PlainScorer(Scorer):
    """Judges an answer that is there by computing. Subclasses are frozen dataclasses, whose fields are their identity.

    Attributes of classes:
        kind: What it is, with a number that changes with its rule: part of the digest.
    """

    kind: ClassVar[str]

    @property
    def digest(self) -> Digest:
        return digest_value([self.kind, self.settings()])

    def settings(self) -> dict[str, Any]:
        """Its fields, as JSON."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def describe(self) -> dict[str, Any]:
        return {"scorer": self.name, "costs": self.costs, "kind": self.kind, "settings": self.settings()}

    async def score(self, case: Case, answer: Answer) -> Score:
        if answer.error:
            return self.unjudged(f"there is no answer: {answer.why or answer.error}")
        return self.judged(case, answer)

    @abstractmethod
    def judged(self, case: Case, answer: Answer) -> Score:
        """Judge an answer that is there."""

    def verdict(self, good: bool, *, value: float | None = None, reason: str = "", **details: Any) -> Score:
        """A pass or a fail; a figure that is not finite is no verdict."""
        if value is not None and not math.isfinite(value):
            return self.unjudged("the figure is not finite")
        value = (1.0 if good else 0.0) if value is None else value
        word = "pass" if good else "fail"
        return Score(scorer=self.name, verdict=word, value=value, reason=reason[:_LONGEST], details=details)  # type: ignore[arg-type]

    def unjudged(self, reason: str) -> Score:
        """No verdict, with its reason."""
        return Score(scorer=self.name, verdict="no_verdict", reason=reason[:_LONGEST])


def function_identity(function: Callable[..., Any]) -> dict[str, str]:
    """What names a function of the user's: where it is, and its text. What it calls is not part of it."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = ""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return {"function": f"{getattr(function, '__module__', '')}:{name}", "source": digest_value(text)}


def _plain(value: Any) -> Any:
    if callable(value) and not hasattr(value, "digest"):
        return function_identity(value)
    return getattr(value, "digest", value)
