"""Scorers by figures: a number in the answer, how long it took, what it cost."""

import math
import re
from dataclasses import dataclass
from typing import ClassVar

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score

_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric(PlainScorer):
    """See `numeric`."""

    kind: ClassVar[str] = "numeric/1"
    name: str
    tolerance: float
    relative: float

    def judged(self, case: Case, answer: Answer) -> Score:
        expected = _float(case.expected)
        if expected is None:
            return self.unjudged("the case expects no number")
        found = numbers_of(answer.text)
        if not found:
            return self.verdict(False, value=0.0, reason="there is no number in the answer")
        off = abs(found[-1] - expected)
        good = off <= max(self.tolerance, self.relative * abs(expected))
        return self.verdict(good, reason=f"the last number is {found[-1]:g}, expected {expected:g}", off=off)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(PlainScorer):
    """See `latency`."""

    kind: ClassVar[str] = "latency/1"
    name: str
    at_most_s: float
    first_token: bool

    def judged(self, case: Case, answer: Answer) -> Score:  # noqa: ARG002 - the seam's form
        took_us = answer.first_token_us if self.first_token else answer.latency_us
        if took_us is None:
            return self.unjudged("the answer did not stream")
        took = took_us / 1e6
        return self.verdict(took <= self.at_most_s, value=took, reason=f"{took:.3g} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost(PlainScorer):
    """See `cost`."""

    kind: ClassVar[str] = "cost/1"
    name: str
    at_most_usd: float

    def judged(self, case: Case, answer: Answer) -> Score:  # noqa: ARG002 - the seam's form
        if answer.cost_usd is None:
            return self.unjudged("nobody knows what the answer cost")
        return self.verdict(
            answer.cost_usd <= self.at_most_usd, value=answer.cost_usd, reason=f"{answer.cost_usd:.3g} USD"
        )


def numeric(*, tolerance: float = 0.0, relative: float = 1e-9, name: str = "numeric") -> Numeric:
    """The last number in the answer is the one that the case expects, within `tolerance` or within `relative` of it,
    whichever is wider. Thousands are read with commas or without."""
    return Numeric(name=name, tolerance=_bound(tolerance), relative=_bound(relative))


def latency(*, at_most_s: float, first_token: bool = False, name: str = "latency") -> Latency:
    """The answer, or with `first_token` its first piece, came within so many seconds. Its value is seconds: lower is
    better. A kept answer has the latency that it had when it was given."""
    return Latency(name=name, at_most_s=_bound(at_most_s), first_token=first_token)


def cost(*, at_most_usd: float, name: str = "cost") -> Cost:
    """The answer cost at most so many US dollars, which is its value: lower is better. An unknown price is no
    verdict."""
    return Cost(name=name, at_most_usd=_bound(at_most_usd))


def numbers_of(text: str) -> list[float]:
    """The numbers in a text, in order."""
    found = [match.group().replace(",", "").replace("−", "-") for match in _NUMBER.finditer(text)]
    return [value for value in map(float, found) if math.isfinite(value)]


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = numbers_of(value) if isinstance(value, str) else [float(value)]
    return found[0] if len(found) == 1 and math.isfinite(found[0]) else None


def _bound(value: float) -> float:
    if not math.isfinite(value) or value < 0:
        raise UsageError(f"{value} cannot be a bound", fix="Give a number of at least 0.")
    return float(value)
