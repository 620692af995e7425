"""The report rule as a detector: its state is the window so far, its verdict colours a report and opens nothing."""

from typing import Any

import msgspec

from loopwright.core.verdict import Verdict
from loopwright.monitoring.findings import ColumnFinding, Findings
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.report_rule import Ruling, judge_window
from loopwright.monitoring.window import Window, merge

_MOST_COLUMNS = 200
"""Columns described in a verdict; those to be coloured come first."""
_MOST_HISTOGRAMS = 30
_MOST_PAIRS = 50


class WindowReport:
    """See the module; satisfies `DriftDetector[Window]`.

    Args:
        reference: The model's.
        ruling: How the rule is set.
        name: Of its verdicts.
    """

    def __init__(self, reference: Reference, ruling: Ruling | None = None, *, name: str = "drift_report") -> None:
        self._reference = reference
        self._ruling = ruling or Ruling()
        self._name = name

    def start(self, *, after: int | None = None) -> Window:  # noqa: ARG002 - a report takes any block
        """An empty window."""
        return Window()

    def update(self, state: Window, window: Window, *, through: int) -> Window:
        """The blocks before `through` that the state did not have yet, added."""
        held = set(state.blocks)
        fresh = [block for block in window.blocks if block < through and block not in held]
        for block in fresh:
            state = merge(state, window.between(block, block + 1))
        return state

    def verdict(self, state: Window) -> Verdict:
        """Warn when anything is coloured; never fail."""
        return verdict_of(judge_window(self._reference, state, self._ruling), self._name)

    def reset(self, state: Window) -> Window:  # noqa: ARG002 - nothing stays
        """An empty window."""
        return Window()


def verdict_of(findings: Findings, name: str) -> Verdict:
    """Findings as a verdict: `value` is the strongest effect in multiples of its floor.

    `details["columns"]` are those of `ColumnFinding` as plain JSON, the first two hundred; a histogram for the first
    thirty; `details["pairs"]` the first fifty. How many there are stands beside them.
    """
    return Verdict(
        check=name,
        outcome=findings.outcome,
        reason=findings.reason,
        value=max((column.strength for column in findings.columns), default=None),
        threshold=1.0,
        n=findings.rows,
        details={
            "columns": [_plain(column, i) for i, column in enumerate(findings.columns[:_MOST_COLUMNS])],
            "columns_total": len(findings.columns),
            "pairs": msgspec.to_builtins(findings.pairs[:_MOST_PAIRS]),
            "pairs_total": len(findings.pairs),
            "all_pairs": findings.all_pairs,
            "named": list(findings.moved[:_MOST_COLUMNS]),
            "alpha": findings.alpha,
            "questions": findings.questions,
            "rows_reference": findings.rows_reference,
            "rows_alike": findings.rows_alike,
        },
    )


def _plain(column: ColumnFinding, place: int) -> dict[str, Any]:
    shown = column if place < _MOST_HISTOGRAMS else msgspec.structs.replace(column, histogram=None)
    plain: dict[str, Any] = msgspec.to_builtins(shown)
    return plain | {name: column.figure(name) for name in ("psi", "jensen_shannon")}
