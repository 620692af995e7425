"""The rule that every application is held to, declared or not: a version answers its own example."""

from dataclasses import dataclass
from typing import ClassVar

from loopwright.core.verdict import Outcome, Verdict
from loopwright.evals.answer import Answer
from loopwright.evals.check import ApplicationEvidence

NAME = "answers_its_example"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersItsExample:
    """Passes where the example was answered. An upstream that is away says nothing about the version: unknown.

    Attributes:
        answer: What the candidate answered.
    """

    answer: Answer

    name: ClassVar[str] = NAME
    absolute: ClassVar[bool] = True
    compares: ClassVar[bool] = False

    def __call__(
        self, candidate: ApplicationEvidence, champion: ApplicationEvidence | None, evidence: object = None  # noqa: ARG002 - the form of a check
    ) -> Verdict:  # fmt: skip
        answer = self.answer
        if answer.blocked_by:
            reason = f"its own guard {answer.blocked_by!r} does not let the example pass"
            return Verdict(check=NAME, outcome=Outcome.FAIL, reason=reason)
        if answer.error:
            away = answer.error in _AWAY
            outcome = Outcome.UNKNOWN if away else Outcome.FAIL
            return Verdict(check=NAME, outcome=outcome, reason=f"{answer.error} {answer.why}".strip())
        if not answer.text and not answer.tool_calls:
            return Verdict(check=NAME, outcome=Outcome.FAIL, reason="the answer to the example is empty")
        return Verdict(check=NAME, outcome=Outcome.PASS, reason=f"answered in {answer.latency_us / 1000:.0f} ms")


_AWAY = frozenset({"LW502", "LW503", "LW504", "LW511", "LW513", "LW514", "LW516"})
"""Codes of what is no fault of a version: overload, time-outs, rates, budgets, unknown prices, upstreams that fail."""
