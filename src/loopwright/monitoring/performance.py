"""Is the model still as good as it was? A metric on labelled requests, with an interval over days and its coverage."""

from typing import Any

import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.loss import Loss, blocks_of, loss_of, settled
from loopwright.monitoring.money import cost_metric, money
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.stats.arrays import Floats, positive_mask
from loopwright.stats.calibration import calibration
from loopwright.stats.intervals import auc_interval
from loopwright.stats.quality import METRICS, Metric

_UNLIKE = 0.05
"""Distance from one half of the chance that a labelled request scores higher than another, from which it is named."""
_MOST_EVIDENCE = 1e12


def judge_performance(
    rule: PerformanceRule, reference: Reference, rows: LabelledRequests, *, today: int, calibrated: bool = True
) -> Verdict:
    """Judge a metric on the labelled requests of the last 120 days.

    Fail: it is lower than what the gate saw, which is said falsely once in `rule.mean_time_between_false_alarms` days
    in the mean or later though it is looked at every day, *and* the figure of the newest fortnight (more where
    `rule.min_labels` asks for more) is surely (95 %) beyond the allowed loss. Warn: the newest figure is beyond it,
    without that proof. Pass: it is within. Unknown: too few labels, no figure of the gate, or an undefined metric.

    Args:
        rule: What is allowed.
        reference: Holds the gate's figure.
        rows: Requests that the model under watch answered, labelled or not, in order of event time.
        today: The day of the look, since 1970; its rows are left out.
        calibrated: Whether the details tell the calibration, which takes longer than all the rest and decides nothing.

    Raises:
        UsageError: No such metric, or not one of this task.
    """
    metric = metric_of(rule, reference)
    promised = reference.quality.get(rule.metric)
    ready = settled(finite(rows.until(today * DAY)), today=today)
    n_labels = int(ready.labelled.sum())
    if promised is None:
        return _unknown(rule, f"the gate has no figure of {rule.metric} for this model", n_labels, rows=rows)
    if n_labels < rule.min_labels:
        return _unknown(rule, _too_few(rule, rows, n_labels), n_labels, rows=rows)
    worst = promised - rule.loss_at_most if metric.greater_is_better else promised + rule.loss_at_most
    loss = loss_of(
        metric, ready, promised=promised, allowed=worst, classes=reference.classes, least=rule.min_labels,
        level=rule.level,
    )  # fmt: skip
    span = loss.span
    if not span.known:
        return _unknown(rule, f"{rule.metric} is undefined on the last {span.n} labels", span.n, rows=rows)
    recent = ready.since(loss.since)
    details = _details(rule, reference, loss, rows=rows, recent=recent)
    if calibrated and reference.task == "binary":
        details["calibration"] = calibration_of(recent, reference.classes)
    return Verdict(
        check=rule.name,
        outcome=outcome_of(loss, metric, worst=worst, needed=rule.mean_time_between_false_alarms),
        reason=f"{rule.metric} {span.value:.4g} [{span.low:.4g}, {span.high:.4g}] on {span.n} labels; "
        f"was {promised:.4g}, allowed {worst:.4g}",
        value=span.value,
        threshold=worst,
        interval=(span.low, span.high),
        n=span.n,
        details=details,
    )


def outcome_of(loss: Loss, metric: Metric, *, worst: float, needed: float) -> Outcome:
    """Fail on proof of a loss together with a recent figure surely beyond what is allowed."""
    sign = 1.0 if metric.greater_is_better else -1.0
    if loss.beyond and loss.evidence.now >= np.log(needed):
        return Outcome.FAIL
    return Outcome.WARN if sign * (loss.span.value - worst) < 0 else Outcome.PASS


def metric_of(rule: PerformanceRule, reference: Reference) -> Metric:
    """The metric of a rule.

    Raises:
        UsageError: There is none of that name, or the task does not have it.
    """
    metric = cost_metric(rule.cost) if rule.cost is not None else METRICS.get(rule.metric)
    if metric is None or reference.task not in metric.tasks:
        known = ", ".join(name for name, other in METRICS.items() if reference.task in other.tasks)
        raise UsageError(
            f"performance() names the metric {rule.metric!r}, which a {reference.task} task does not have",
            why=f"metrics of this task: {known}",
            fix="Correct the name in the loop file.",
        )
    return metric


def finite(rows: LabelledRequests) -> LabelledRequests:
    """The rows whose score is a number; a model that answers none has a rule of its own for that."""
    known = np.isfinite(rows.score)
    kept = np.asarray(known if known.ndim == 1 else known.all(axis=1), dtype=np.bool_)
    return rows if bool(kept.all()) else rows.where(kept)


def evidence_of(log_evidence: float) -> float:
    """The evidence as a number that JSON has: its own scale, up to a bound far past every threshold."""
    return float(min(np.exp(min(log_evidence, 700.0)), _MOST_EVIDENCE))


def _unknown(rule: PerformanceRule, reason: str, n: int, *, rows: LabelledRequests) -> Verdict:
    requests = int(rows.event_time.size)
    details = {"coverage": float(rows.labelled.mean()) if requests else 0.0, "requests": requests}
    return Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reason, n=n, details=details)


def _too_few(rule: PerformanceRule, rows: LabelledRequests, n_labels: int) -> str:
    said = f"{n_labels} labels of the {rule.min_labels} needed"
    waiting = int(rows.labelled.sum()) - n_labels
    if rows.event_time.size and not rows.labelled.any():
        return f"{said}: none of {rows.event_time.size} requests has a label"
    return f"{said}; {waiting} more are not settled or have a score that is no number" if waiting > 0 else said


def _details(
    rule: PerformanceRule, reference: Reference, loss: Loss, *, rows: LabelledRequests, recent: LabelledRequests
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "reference": reference.quality[rule.metric],
        "coverage": float(recent.labelled.mean()),
        "requests": int(recent.event_time.size),
        "days": loss.blocks,
        "interval_over": "days" if loss.blocks > 1 else "rows",
        "since": int(recent.event_time[0]),
        "until": int(recent.event_time[-1]),
        "evidence": evidence_of(loss.evidence.now),
        "evidence_needed": rule.mean_time_between_false_alarms,
        "memory": round(loss.evidence.memory, 3),
        "changed": loss.begins,
        "not_numbers": int(rows.event_time.size - finite(rows).event_time.size),
        "labelled_unlike_others": label_bias(recent),
    }
    if rule.cost is not None:
        found["cost"] = _money(rule, reference, recent)
    return found


def label_bias(rows: LabelledRequests) -> dict[str, Any] | None:
    """Whether requests with a label score like those without; None where it cannot be told.

    `chance` is that of a labelled request to score higher than one without, one half where they are alike.
    """
    score = rows.score if rows.score.ndim == 1 else rows.score.max(axis=1)
    span = auc_interval(rows.labelled, score, 0.99, blocks=blocks_of(rows.event_time // DAY))
    if not span.known:
        return None
    unlike = abs(span.value - 0.5) >= _UNLIKE and not span.low <= 0.5 <= span.high
    return {"chance": span.value, "low": span.low, "high": span.high, "unlike": bool(unlike)}


def calibration_of(rows: LabelledRequests, classes: tuple[Any, ...]) -> dict[str, Any]:
    """Calibration of binary answers as plain JSON; figures that are undefined are null."""
    at, score = rows.event_time[rows.labelled], rows.score[rows.labelled]
    found = calibration(positive_mask(rows.label, classes), score, blocks=blocks_of(at // DAY))
    curve = found.curve
    bins = zip(curve.mean_score, curve.share_positive, curve.low, curve.high, curve.count, strict=True)
    names = ("score", "share", "low", "high", "rows")
    return {
        "error": _said(found.error.value),
        "low": _said(max(found.error.low, 0.0)),
        "high": _said(found.error.high),
        "slope": _said(found.slope),
        "intercept": _said(found.intercept),
        "bins": [dict(zip(names, (round(float(v), 6) for v in values), strict=True)) for values in bins],
    }


def _money(rule: PerformanceRule, reference: Reference, rows: LabelledRequests) -> dict[str, Any]:
    """Money of each request and of a day, beside what the gate saw; a day is that of all requests, labelled or not."""
    assert rule.cost is not None
    each: Floats = money(rule.cost, rows.label, rows.score[rows.labelled], classes=reference.classes)
    days = max(1.0, float(np.unique(rows.event_time // DAY).size))
    per_request, promised = float(each.mean()), reference.quality[rule.metric]
    requests_a_day = rows.event_time.size / days
    return {
        "currency": rule.cost.currency,
        "per_request": per_request,
        "per_request_at_the_gate": promised,
        "per_day": per_request * requests_a_day,
        "more_per_day_than_at_the_gate": (per_request - promised) * requests_a_day,
    }


def _said(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
