"""Concept drift: the losses of labelled requests, gone through anew at each look."""

from typing import Any

from loopwright.app.monitor.look import Judged, Look
from loopwright.monitoring.concept import judge_concept
from loopwright.monitoring.rules.concept_drift import ConceptDriftRule
from loopwright.monitoring.rules.rule import DAY

_DAYS = 120


class ConceptJudge:
    """Satisfies `Judge[ConceptDriftRule]`."""

    def begin(self, rule: ConceptDriftRule, look: Look) -> Any:  # noqa: ARG002 - labels alone decide
        """Nothing to remember: labels that come late or are corrected change what was before."""
        return None

    def look(self, rule: ConceptDriftRule, state: Any, look: Look) -> Judged:  # noqa: ARG002 - the same
        """Judge the days before today."""
        today = look.now // DAY
        rows = look.log.rows((today - _DAYS) * DAY).until(today * DAY)
        return Judged(verdicts=(judge_concept(rule, look.signature, rows),))
