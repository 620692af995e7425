"""The rule that a version answers its own example."""

import pytest

from loopwright.app.applications.answering_rule import AnswersItsExample
from loopwright.core.verdict import Outcome
from loopwright.evals.answer import Answer
from loopwright.evals.check import ApplicationEvidence

EVIDENCE = ApplicationEvidence(version="v", results={})


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(text="hello"), Outcome.PASS),
        (Answer(tool_calls=({"name": "f", "arguments": "{}"},)), Outcome.PASS),
        (Answer(text=""), Outcome.FAIL),
        (Answer(blocked_by="secrets"), Outcome.FAIL),
        (Answer(error="LW111", why="a variable is missing"), Outcome.FAIL),
        (Answer(error="LW516", why="away"), Outcome.UNKNOWN),
        (Answer(error="LW513"), Outcome.UNKNOWN),
        (Answer(error="LW503"), Outcome.UNKNOWN),
    ],
)
def test_an_upstream_that_is_away_is_no_fault_of_the_version_and_no_pass(answer: Answer, outcome: Outcome) -> None:
    verdict = AnswersItsExample(answer=answer)(EVIDENCE, None)
    assert verdict.outcome is outcome
    assert verdict.reason
