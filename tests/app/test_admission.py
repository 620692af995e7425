"""What follows from a gate's word; whole journeys are in test_judge.py and applications/test_judging.py."""

import pytest

from loopwright.app.admission import _refusal
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import GateFailedError, NoVerdictError
from loopwright.gates.gate import GateResult

FAILED = Verdict(check="a", outcome=Outcome.FAIL, reason="too low")
UNKNOWN = Verdict(check="b", outcome=Outcome.UNKNOWN, reason="too few")


@pytest.mark.parametrize(
    ("outcome", "error", "named"),
    [(Outcome.FAIL, GateFailedError, "a: too low"), (Outcome.UNKNOWN, NoVerdictError, "b: too few")],
)
def test_a_refusal_names_what_decided_and_nothing_else(outcome: Outcome, error: type[Exception], named: str) -> None:
    refusal = _refusal("bot", "v" * 64, GateResult(outcome=outcome, verdicts=(FAILED, UNKNOWN)), why="a word more")
    assert type(refusal) is error
    assert refusal.why == f"{named}; a word more"
    assert refusal.context["verdicts"] == ["a fail", "b unknown"]
