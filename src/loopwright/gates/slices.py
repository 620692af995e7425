"""A figure must be good enough in every slice of the rows, not on average only."""

import math
from typing import Any, ClassVar

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.gates.figures import applicable_metric, known_metric, rows_differ
from loopwright.gates.gate import Evidence, Predictions, not_applicable, unknown
from loopwright.gates.groups import groups_of
from loopwright.stats.quality import METRICS, Metric

_LISTED = 50


class EverySlice(msgspec.Struct, frozen=True, kw_only=True, tag="every_slice", tag_field="check"):
    """A metric within each value of a column against a bound; slices of fewer than `min_rows` rows do not count.

    The bound is a least value where greater is better for the metric, else a greatest. The verdict's details list every
    slice judged and every one too small, with its rows.
    """

    metric: str
    by: str
    bound: float
    min_rows: int

    @property
    def name(self) -> str:
        return f"every_slice({self.metric}, by={self.by}, {self.bound:g})"

    absolute: ClassVar[bool] = True
    compares: ClassVar[bool] = False

    def __call__(self, candidate: Predictions, champion: Predictions | None, evidence: Evidence) -> Verdict:  # noqa: ARG002
        metric = applicable_metric(self.metric, evidence)
        if metric is None:
            return unknown(self.name, f"{self.metric} is not defined for {evidence.task} models")
        if self.by not in evidence.slices:
            return unknown(self.name, f"the evidence has no column {self.by!r}")
        if wrong := rows_differ(candidate.scores, evidence):
            return unknown(self.name, wrong)
        values, small, counts = self._figures(metric, candidate, evidence)
        if not values:
            return not_applicable(
                self.name,
                f"no slice has {self.min_rows} rows",
                threshold=self.bound,
                details=_listed({}, small, counts),
            )
        return self._verdict(metric, values=values, small=small, counts=counts)

    def _figures(
        self, metric: Metric, candidate: Predictions, evidence: Evidence
    ) -> tuple[dict[str, float], dict[str, int], dict[str, int]]:
        values: dict[str, float] = {}
        small: dict[str, int] = {}
        counts: dict[str, int] = {}
        scores, labels = np.asarray(candidate.scores), np.asarray(evidence.label)
        for level, rows in groups_of(evidence.slices[self.by]):
            counts[level] = rows.size
            if rows.size < self.min_rows:
                small[level] = rows.size
            else:
                values[level] = metric.function(labels[rows], scores[rows], evidence.classes)
        return values, small, counts

    def _verdict(
        self, metric: Metric, *, values: dict[str, float], small: dict[str, int], counts: dict[str, int]
    ) -> Verdict:
        sign = 1.0 if metric.greater_is_better else -1.0
        undefined = [level for level, value in values.items() if not math.isfinite(value)]
        defined = {level: value for level, value in values.items() if math.isfinite(value)}
        bad = [level for level, value in defined.items() if sign * value < sign * self.bound]
        worst = min(defined, key=lambda level: sign * defined[level], default=None)
        outcome, reason = Outcome.PASS, f"all {len(values)} slices are within the bound"
        if bad:
            outcome = Outcome.FAIL
            reason = f"{len(bad)} of {len(values)} slices are beyond it, {worst} worst with {defined[worst or '']:.4f}"
        elif undefined:
            outcome, reason = Outcome.UNKNOWN, f"{self.metric} is undefined in {', '.join(undefined[:5])}"
        if small:
            share = sum(small.values()) / sum(counts.values())
            reason += f"; {len(small)} slices with {share:.1%} of the rows are too small to judge"
        return Verdict(
            check=self.name,
            outcome=outcome,
            reason=reason,
            value=defined[worst] if worst is not None else None,
            threshold=self.bound,
            n=sum(counts[level] for level in values),
            details=_listed(values, small, counts),
        )


def every_slice(
    metric: str,
    *,
    by: str,
    at_least: float | None = None,
    at_most: float | None = None,
    min_rows: int = 300,
) -> EverySlice:
    """The metric is good enough within each value of column `by` that has at least `min_rows` rows.

    Args:
        metric: Its name.
        by: A column of the base dataset.
        at_least: The bound of a metric that should be great.
        at_most: The bound of a metric that should be small.
        min_rows: Below this a slice is not applicable.

    Raises:
        UsageError: The metric is unknown, or not exactly the bound that fits it is given.
    """
    better = METRICS[known_metric(metric)].greater_is_better
    bound, other = (at_least, at_most) if better else (at_most, at_least)
    wanted = "at_least" if better else "at_most"
    if bound is None or other is not None or not math.isfinite(bound):
        raise UsageError(f"every_slice({metric!r}) needs a finite {wanted}= and no other bound", fix=f"Give {wanted}=.")
    if min_rows < 1:
        raise UsageError(f"min_rows={min_rows} is not a number of rows", fix="Give at least 1.")
    return EverySlice(metric=metric, by=by, bound=float(bound), min_rows=min_rows)


def _listed(values: dict[str, float], small: dict[str, int], counts: dict[str, int]) -> dict[str, Any]:
    total = sum(counts.values()) or 1
    judged = sorted(values, key=lambda level: -counts[level])[:_LISTED]
    tiny = sorted(small, key=lambda level: -small[level])[:_LISTED]
    return {
        "slices": {
            level: {"value": values[level] if math.isfinite(values[level]) else None, "rows": counts[level]}
            for level in judged
        },
        "too_small": {level: {"rows": small[level], "share": small[level] / total} for level in tiny},
        "share_too_small": sum(small.values()) / total,
    }
