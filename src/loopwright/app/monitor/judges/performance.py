"""Performance by labels: the newest whole days."""

from typing import Any

import numpy as np

from loopwright.app.monitor.look import Judged, Look
from loopwright.monitoring.performance import judge_performance
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import DAY

PERFORMANCE_DAYS = 120


class PerformanceJudge:
    """Satisfies `Judge[PerformanceRule]`."""

    def begin(self, rule: PerformanceRule, look: Look) -> Any:  # noqa: ARG002 - labels alone decide
        """Nothing to remember."""
        return None

    def look(self, rule: PerformanceRule, state: Any, look: Look) -> Judged:  # noqa: ARG002 - the same
        """Judge the days before today."""
        if look.reference is None:
            return Judged()
        today = look.now // DAY
        rows = look.log.rows((today - PERFORMANCE_DAYS) * DAY).until(today * DAY)
        return Judged(verdicts=(judge_performance(rule, look.reference, rows, rng=np.random.default_rng(today)),))
