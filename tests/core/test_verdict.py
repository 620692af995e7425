"""Unknown never passes."""

import pytest

from loopwright.core.verdict import Outcome, Verdict, overall

PASS, WARN, FAIL, UNKNOWN, NOT = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ([PASS], PASS),
        ([PASS, NOT], PASS),
        ([PASS, WARN], WARN),
        ([WARN, NOT], WARN),
        ([PASS, FAIL], FAIL),
        ([UNKNOWN, FAIL], FAIL),
        ([PASS, UNKNOWN], UNKNOWN),
        ([NOT], UNKNOWN),
        ([NOT, NOT], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_the_gates_rule(outcomes: list[Outcome], together: Outcome) -> None:
    verdicts = [Verdict(check=f"c{n}", outcome=outcome, reason="") for n, outcome in enumerate(outcomes)]
    assert overall(verdicts) is together
    assert overall(verdicts[::-1]) is together
