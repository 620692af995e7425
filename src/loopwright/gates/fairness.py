"""A binary model must treat groups alike, by one of two definitions."""

from typing import Any, ClassVar, Literal, get_args

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.gates.figures import rows_differ
from loopwright.gates.gate import Evidence, Predictions, not_applicable, unknown
from loopwright.gates.groups import groups_of
from loopwright.stats.arrays import positive_mask
from loopwright.stats.intervals import wilson

Definition = Literal["equal_opportunity", "demographic_parity"]


class Fair(msgspec.Struct, frozen=True, kw_only=True, tag="fair", tag_field="check"):
    """The greatest difference between groups in a share of positive answers (score above `cutoff`) is small enough.

    `equal_opportunity` takes the share among rows whose label is positive (Hardt and others 2016), `demographic_parity`
    among all rows (Dwork and others 2012). Groups with fewer than `min_rows` such rows do not count and are listed.
    """

    definition: Definition
    by: str
    within: float
    min_rows: int = 100
    cutoff: float = 0.5

    @property
    def name(self) -> str:
        return f"fair({self.definition}, by={self.by}, within={self.within:g})"

    # A model that answers the same to everybody is fair; that is no reason to make it the first champion.
    absolute: ClassVar[bool] = False
    compares: ClassVar[bool] = False

    def __call__(self, candidate: Predictions, champion: Predictions | None, evidence: Evidence) -> Verdict:  # noqa: ARG002
        if evidence.task != "binary":
            return unknown(self.name, f"{self.definition} is not defined for {evidence.task} models")
        if self.by not in evidence.slices:
            return unknown(self.name, f"the evidence has no column {self.by!r}")
        if wrong := rows_differ(candidate.scores, evidence):
            return unknown(self.name, wrong)
        scores = np.asarray(candidate.scores, dtype=np.float64)
        if not np.isfinite(scores).all():
            return unknown(self.name, "some scores are not finite")
        groups, small = self._shares(scores, evidence)
        details: dict[str, Any] = {"groups": groups, "too_small": small}
        if len(groups) < 2:
            reason = f"fewer than two groups have {self.min_rows} rows that count"
            return not_applicable(self.name, reason, threshold=self.within, details=details)
        return self._verdict(groups, details)

    def _shares(self, scores: Any, evidence: Evidence) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
        counted = np.ones(scores.shape[0], dtype=bool)
        if self.definition == "equal_opportunity":
            counted = positive_mask(evidence.label, evidence.classes)
        groups: dict[str, dict[str, Any]] = {}
        small: dict[str, int] = {}
        for level, rows in groups_of(evidence.slices[self.by]):
            chosen = scores[rows][counted[rows]] > self.cutoff
            if chosen.size < self.min_rows:
                small[level] = int(chosen.size)
                continue
            span = wilson(int(chosen.sum()), int(chosen.size))
            groups[level] = {"share": span.value, "low": span.low, "high": span.high, "rows": int(chosen.size)}
        return groups, small

    def _verdict(self, groups: dict[str, dict[str, Any]], details: dict[str, Any]) -> Verdict:
        low = min(groups, key=lambda level: groups[level]["share"])
        high = max(groups, key=lambda level: groups[level]["share"])
        gap = float(groups[high]["share"] - groups[low]["share"])
        good = gap <= self.within
        reason = (
            f"{high} {groups[high]['share']:.3f} against {low} {groups[low]['share']:.3f}: a difference of {gap:.3f}"
        )
        return Verdict(
            check=self.name,
            outcome=Outcome.PASS if good else Outcome.FAIL,
            reason=reason,
            value=gap,
            threshold=self.within,
            n=sum(group["rows"] for group in groups.values()),
            details=details,
        )


def fair(
    definition: Definition,
    *,
    by: str,
    within: float,
    min_rows: int = 100,
    cutoff: float = 0.5,
) -> Fair:
    """The candidate treats the groups of column `by` alike, to within a difference of shares.

    Raises:
        UsageError: The definition is unknown, or `within` is not between 0 and 1.
    """
    if definition not in get_args(Definition):
        known = ", ".join(get_args(Definition))
        raise UsageError(f"there is no definition {definition!r} of fairness", fix=f"Choose one of {known}.")
    if not 0.0 <= within <= 1.0:
        raise UsageError(f"within={within} is no difference of shares", fix="Give a number between 0 and 1.")
    if min_rows < 1:
        raise UsageError(f"min_rows={min_rows} is not a number of rows", fix="Give at least 1.")
    return Fair(definition=definition, by=by, within=float(within), min_rows=min_rows, cutoff=cutoff)
