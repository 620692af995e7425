"""Tests of behaviour: how scores answer to a change of one feature (Ribeiro and others 2020, CheckList)."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.gates.gate import Evidence, Predictions, not_applicable, unknown
from loopwright.stats.arrays import AnyArray

_TOLERANCE = 1e-9


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, tag="behaviour", tag_field="check"):
    """Scores of rows with one feature changed, against their scores before.

    `invariant`: the feature takes other rows' values, and no score moves by more than `within`. `increasing` and
    `decreasing`: `step` is added to the feature, and at most the share `within` of the scores goes the wrong way.
    """

    feature: str
    kind: Literal["invariant", "increasing", "decreasing"]
    within: float
    step: float = 1.0
    rows: int = 1000

    @property
    def name(self) -> str:
        return f"{self.kind}({self.feature}, within={self.within:g})"

    # A model that ignores everything passes; it says nothing of how good the model is.
    absolute: ClassVar[bool] = False
    compares: ClassVar[bool] = False

    def __call__(self, candidate: Predictions, champion: Predictions | None, evidence: Evidence) -> Verdict:  # noqa: ARG002
        if candidate.predict is None or evidence.features is None:
            return unknown(self.name, "the candidate cannot be asked about other rows")
        if self.feature not in evidence.features:
            return unknown(self.name, f"the model has no feature {self.feature!r}")
        if evidence.task == "multiclass" and self.kind != "invariant":
            return unknown(self.name, "a direction is not defined for multiclass models")
        before = _sample(evidence.features, self.rows)
        known = ~np.isnan(np.asarray(before[self.feature], dtype=np.float64))
        before = {name: column[known] for name, column in before.items()}
        if int(known.sum()) < 2:
            return not_applicable(self.name, f"fewer than two rows have {self.feature}")
        moved = _scores(candidate, self._changed(before)) - _scores(candidate, before)
        return self._verdict(moved)

    def _changed(self, columns: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        column = columns[self.feature]
        if self.kind == "invariant":
            return {**columns, self.feature: np.roll(column, max(1, column.size // 2))}
        return {**columns, self.feature: column + np.asarray(self.step).astype(column.dtype)}

    def _verdict(self, moved: AnyArray) -> Verdict:
        if self.kind == "invariant":
            value = float(np.max(np.abs(moved)))
            words = f"the greatest move of a score is {value:.4g}"
        else:
            wrong = moved < -_TOLERANCE if self.kind == "increasing" else moved > _TOLERANCE
            value = float(np.mean(wrong)) if np.isfinite(moved).all() else math.nan
            words = f"{value:.1%} of the scores go the other way"
        if not math.isfinite(value):
            return unknown(self.name, "some scores are not finite")
        return Verdict(
            check=self.name,
            outcome=Outcome.PASS if value <= self.within else Outcome.FAIL,
            reason=words,
            value=value,
            threshold=self.within,
            n=int(moved.shape[0]),
        )


def invariant_to(feature: str, *, within: float = 0.01, rows: int = 1000) -> Behaviour:
    """No score moves by more than `within` when the feature takes other values.

    Raises:
        UsageError: An argument is out of its range.
    """
    return Behaviour(feature=feature, kind="invariant", within=_bound(within), rows=_count(rows))


def monotonic(
    feature: str,
    direction: Literal["increasing", "decreasing"] = "increasing",
    *,
    step: float = 1.0,
    within: float = 0.0,
    rows: int = 1000,
) -> Behaviour:
    """Scores go one way when `step` is added to the feature, but for the share `within` of the rows.

    Raises:
        UsageError: An argument is out of its range.
    """
    if direction not in ("increasing", "decreasing"):
        raise UsageError(f"there is no direction {direction!r}", fix="Choose increasing or decreasing.")
    if not (math.isfinite(step) and step > 0):
        raise UsageError(f"step={step} is not a positive number", fix="Give the amount to add to the feature.")
    return Behaviour(feature=feature, kind=direction, within=_bound(within), step=step, rows=_count(rows))


def _sample(columns: Mapping[str, AnyArray], rows: int) -> dict[str, AnyArray]:
    """At most `rows` rows, evenly spread, so that the verdict is a function of the evidence."""
    n = min((len(column) for column in columns.values()), default=0)
    chosen = np.unique(np.linspace(0, n - 1, min(n, rows)).astype(np.int64)) if n else np.empty(0, dtype=np.int64)
    return {name: np.asarray(column)[chosen] for name, column in columns.items()}


def _scores(candidate: Predictions, columns: Mapping[str, AnyArray]) -> Any:
    if candidate.predict is None:
        raise UsageError("the candidate cannot be asked about other rows")
    return np.asarray(candidate.predict(columns), dtype=np.float64)


def _bound(within: float) -> float:
    if not (math.isfinite(within) and within >= 0):
        raise UsageError(f"within={within} is not a bound", fix="Give a number of at least 0.")
    return float(within)


def _count(rows: int) -> int:
    if rows < 2:
        raise UsageError(f"rows={rows} are too few", fix="Give at least 2.")
    return rows
