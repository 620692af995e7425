"""A scorer of the user's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score

Judging = Callable[[Case, Answer], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(PlainScorer):
    """See `code`."""

    kind: ClassVar[str] = "code/1"
    name: str
    function: Judging
    at_least: float

    def judged(self, case: Case, answer: Answer) -> Score:
        said = self.function(case, answer)
        if isinstance(said, Score):
            return msgspec.structs.replace(said, scorer=self.name)
        if said is None:
            return self.unjudged(f"{self.name} gave no verdict")
        if isinstance(said, bool):
            return self.verdict(said)
        if isinstance(said, int | float):
            return self.verdict(said >= self.at_least, value=float(said), reason=f"{said:.4g}")
        return self.unjudged(f"{self.name} returned a {type(said).__name__}, no truth, number or Score")


def code(function: Judging, *, at_least: float = 0.5, name: str = "") -> Code:
    """What a function of yours says: `function(case, answer)` returns a truth, a number (a pass from `at_least` on), a
    `Score`, or None where it cannot say. It runs in this process, with all that the process may do: nothing is fenced
    off. Where it raises, there is no verdict.

    Raises:
        UsageError: It is no function at the top of a module, so that nothing could name it.
    """
    known = getattr(function, "__qualname__", "")
    if not known or "<" in known:
        raise UsageError(
            f"{known or function!r} cannot be a scorer", why="only a function of a module has a lasting name",
            fix="Write it with `def` at the top of your file.",
        )  # fmt: skip
    return Code(name=name or known.rpartition(".")[2], function=function, at_least=at_least)
