"""The scorer seam: judges one answer to one case."""

from abc import ABC, abstractmethod
from typing import Any

from loopwright.core.hashing import Digest
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.score import Score


class Scorer(ABC):
    """Judges answers. A frozen value: its digest changes with everything that could change a score, a judge's model and
    prompt among it.

    Attributes of classes or instances:
        name: Unique within an evaluation.
        costs: Whether it asks a model, which costs money and time.
    """

    name: str
    costs: bool = False

    @property
    @abstractmethod
    def digest(self) -> Digest:
        """Names the scorer and everything it judges by."""

    @abstractmethod
    async def score(self, case: Case, answer: Answer) -> Score:
        """Judge. What goes wrong is a score without a verdict, with its reason; raising is a bug in the scorer, which
        the runner turns into one."""

    def describe(self) -> dict[str, Any]:
        """What a report shows of it."""
        return {"scorer": self.name, "costs": self.costs}
