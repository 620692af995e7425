"""Performance within each value of a column: its own figure at the gate, one error rate over all of them."""

from typing import Any

import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.loss import loss_of, settled
from loopwright.monitoring.performance import evidence_of, finite, metric_of, outcome_of
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.stats.quality import Metric

NULL = "null"
MOST_SLICES = 50
"""Values judged at most, those with the most labels; the others are listed as one share."""


def slice_name(metric: str, by: str, value: str) -> str:
    """What the gate's figure of a slice is called among `Reference.quality`."""
    return f"{metric}[{by}={value}]"


def judge_slices(
    rule: PerformanceRule, reference: Reference, rows: LabelledRequests, *, today: int
) -> tuple[Verdict, ...]:
    """One verdict for each column of `rule.by`, the worst of its values.

    A value fails as the whole does, see `judge_performance`, at an evidence that is as many times larger as values are
    judged: the stated time between false alarms is that of all values together. Its allowed figure is `loss_at_most`
    beyond what the gate could vouch for, see `app.promised`. Values with too few labels, or without a figure of the
    gate, are unknown and listed with their share of the requests.
    """
    metric = metric_of(rule, reference)
    ready = settled(finite(rows.until(today * DAY)), today=today)
    return tuple(_judge_column(rule, reference, metric, rows=ready, by=by) for by in rule.by)


def _judge_column(
    rule: PerformanceRule, reference: Reference, metric: Metric, *, rows: LabelledRequests, by: str
) -> Verdict:
    check = f"{rule.name}, slices of {by}" if len(rule.by) > 1 else f"{rule.name}, slices"
    groups = rows.groups.get(by)
    if groups is None or not rows.event_time.size:
        return Verdict(check=check, outcome=Outcome.UNKNOWN, reason=f"no request says its {by}", n=0)
    levels = (*groups.levels, NULL)
    codes = np.where(groups.codes < 0, len(groups.levels), groups.codes)
    labels = np.bincount(codes[rows.labelled], minlength=len(levels))
    shares = np.bincount(codes, minlength=len(levels)) / codes.size
    judged = [
        int(code)
        for code in np.argsort(-labels, kind="stable")[:MOST_SLICES]
        if labels[code] >= rule.min_slice_labels and slice_name(rule.metric, by, levels[code]) in reference.quality
    ]
    found = {
        levels[code]: _judged(
            rule, reference, metric, rows=rows.where(codes == code), of=(by, levels[code], len(judged))
        )
        | {"share": float(shares[code])}
        for code in judged
    }
    small = {levels[code]: float(shares[code]) for code in np.argsort(-shares) if shares[code] and code not in judged}
    return _worst(check, found, small, n=int(labels.sum()))


def _judged(
    rule: PerformanceRule,
    reference: Reference,
    metric: Metric,
    *,
    rows: LabelledRequests,
    of: tuple[str, str, int],
) -> dict[str, Any]:
    by, value, among = of
    promised = reference.quality[slice_name(rule.metric, by, value)]
    worst = promised - rule.loss_at_most if metric.greater_is_better else promised + rule.loss_at_most
    needed = rule.mean_time_between_false_alarms * among
    loss = loss_of(
        metric, rows, promised=promised, allowed=worst, classes=reference.classes, least=rule.min_slice_labels,
        level=rule.level,
    )  # fmt: skip
    span = loss.span
    outcome = outcome_of(loss, metric, worst=worst, needed=needed) if span.known else Outcome.UNKNOWN
    sign = 1.0 if metric.greater_is_better else -1.0
    return {
        "outcome": str(outcome),
        "value": span.value if np.isfinite(span.value) else None,
        "low": span.low if np.isfinite(span.low) else None,
        "high": span.high if np.isfinite(span.high) else None,
        "labels": span.n,
        "reference": promised,
        "threshold": worst,
        "beyond_by": sign * (worst - span.value) if np.isfinite(span.value) else None,
        "evidence": evidence_of(loss.evidence.now),
        "evidence_needed": needed,
    }


def _worst(check: str, found: dict[str, dict[str, Any]], small: dict[str, float], *, n: int) -> Verdict:
    order = [Outcome.FAIL, Outcome.WARN, Outcome.UNKNOWN, Outcome.PASS]
    ranked = sorted(found, key=lambda v: (order.index(Outcome(found[v]["outcome"])), -(found[v]["beyond_by"] or 0.0)))
    details = {
        "slices": {value: found[value] for value in ranked},
        "too_small": dict(list(small.items())[:MOST_SLICES]),
        "share_too_small": sum(small.values()),
    }
    if not found:
        reason = f"none of {len(small)} values has enough labels and a figure of the gate"
        return Verdict(check=check, outcome=Outcome.UNKNOWN, reason=reason, n=n, details=details)
    first = found[ranked[0]]
    named = ", ".join(f"{v} {found[v]['value']:.4g}" for v in ranked if found[v]["outcome"] in ("fail", "warn"))
    listed = f"; {len(small)} values with {sum(small.values()):.1%} of the requests are not judged" if small else ""
    return Verdict(
        check=check,
        outcome=Outcome(first["outcome"]),
        reason=(f"worse than allowed: {named}" if named else f"none of {len(found)} values is worse than allowed")
        + listed,
        value=first["value"],
        threshold=first["threshold"],
        n=n,
        details=details,
    )
