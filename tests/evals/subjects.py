"""Subjects and cases that several tests of evaluations use."""

import asyncio
from collections.abc import Callable

from loopwright.core.hashing import digest_value
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case, Cases


class Says:
    """Answers by a function of the question, and counts how often it was asked."""

    def __init__(self, say: Callable[[Case], Answer | str], *, version: str = "v1", wait_s: float = 0.0) -> None:
        self.version = digest_value(version)
        self.asked: list[tuple[str, int]] = []
        self.under_way = 0
        self.most_under_way = 0
        self._say = say
        self._wait_s = wait_s

    async def respond(self, case: Case, *, repeat: int) -> Answer:
        self.asked.append((case.id, repeat))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self._wait_s)
        self.under_way -= 1
        said = self._say(case)
        return Answer(text=said, cost_usd=0.001) if isinstance(said, str) else said


def case(question: str, expected: object = None, **more: object) -> Case:
    """A case of one question."""
    return Case(id=question, messages=[{"role": "user", "content": question}], expected=expected, **more)


def numbered(n: int, *, expected: object = "yes") -> Cases:
    """`n` cases, `q0` to `q(n-1)`."""
    return Cases(name="numbered", cases=tuple(case(f"q{at}", expected) for at in range(n)))
