"""Is the model still as good as it was? A metric on labelled requests, with an interval over days and its coverage."""

from typing import Any

import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.reference import DAY, Reference
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.stats.arrays import AnyArray, positive_mask
from loopwright.stats.intervals import Interval, auc_interval, bootstrap_interval
from loopwright.stats.quality import METRICS, Metric

_WANTED_DAYS = 14
"""Days that a judgement takes where there are as many: bad days come in runs, and six of them are no evidence."""


def judge_performance(
    rule: PerformanceRule, reference: Reference, rows: LabelledRequests, *, rng: np.random.Generator
) -> Verdict:
    """Judge the newest whole days: at least fourteen, where there are as many, with at least `rule.min_labels` labels.

    Fail: even the good end of the interval is worse than allowed. Warn: the figure is, its interval is not. Pass: the
    figure is within the allowed loss. Unknown: too few labels, no reference figure, or a metric that is undefined. The
    interval is over days; with labels of a single day it is over rows, which is too narrow, and never fails.

    Args:
        rule: What is allowed.
        reference: Holds the gate's figure.
        rows: Requests that the model under watch answered, labelled or not, in order of event time.
        rng: Of the bootstrap, which only metrics other than a binary `roc_auc` need.

    Raises:
        UsageError: No such metric, or not one of this task.
    """
    metric = _metric(rule, reference)
    promised = reference.quality.get(rule.metric)
    n_labels = int(rows.labelled.sum())
    if promised is None:
        return _unknown(rule, f"the gate has no figure of {rule.metric} for this model", n_labels)
    if n_labels < rule.min_labels:
        return _unknown(rule, f"{n_labels} labels of the {rule.min_labels} needed", n_labels)
    recent = rows.since(_start(rows, rule.min_labels))
    days = np.unique(recent.event_time[recent.labelled] // DAY)
    span = _interval(metric, rule, reference, rows=recent, rng=rng, over_days=days.size > 1)
    if not span.known:
        return _unknown(rule, f"{rule.metric} is undefined on the last {span.n} labels", span.n)
    worst = promised - rule.loss_at_most if metric.greater_is_better else promised + rule.loss_at_most
    return Verdict(
        check=rule.name,
        outcome=_outcome(metric, span, worst, may_fail=days.size > 1),
        reason=f"{rule.metric} {span.value:.4g} [{span.low:.4g}, {span.high:.4g}] on {span.n} labels; "
        f"was {promised:.4g}, allowed {worst:.4g}",
        value=span.value,
        threshold=worst,
        interval=(span.low, span.high),
        n=span.n,
        details=_details(recent, promised),
    )


def _metric(rule: PerformanceRule, reference: Reference) -> Metric:
    metric = METRICS.get(rule.metric)
    if metric is None or reference.task not in metric.tasks:
        known = ", ".join(name for name, other in METRICS.items() if reference.task in other.tasks)
        raise UsageError(
            f"performance() names the metric {rule.metric!r}, which a {reference.task} task does not have",
            why=f"metrics of this task: {known}",
            fix="Correct the name in the loop file.",
        )
    return metric


def _unknown(rule: PerformanceRule, reason: str, n: int) -> Verdict:
    return Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=reason, n=n)


def _start(rows: LabelledRequests, wanted: int) -> int:
    """The start of the earliest day that is judged."""
    days = rows.event_time[rows.labelled] // DAY
    distinct = np.unique(days)
    return int(min(days[-wanted], distinct[-_WANTED_DAYS:][0])) * DAY


def _interval(
    metric: Metric,
    rule: PerformanceRule,
    reference: Reference,
    *,
    rows: LabelledRequests,
    rng: np.random.Generator,
    over_days: bool,
) -> Interval:
    score = rows.score[rows.labelled]
    blocks = rows.event_time[rows.labelled] // DAY if over_days else None
    if metric.name == "roc_auc" and reference.task == "binary":
        return auc_interval(positive_mask(rows.label, reference.classes), score, rule.level, blocks=blocks)

    def of_rows(label: AnyArray, part: AnyArray) -> float:
        return metric.function(label, part, reference.classes)

    return bootstrap_interval(of_rows, rows.label, score, rng=rng, blocks=blocks, level=rule.level)


def _outcome(metric: Metric, span: Interval, worst: float, *, may_fail: bool) -> Outcome:
    sign = 1.0 if metric.greater_is_better else -1.0
    best_case = span.high if metric.greater_is_better else span.low
    if may_fail and sign * (best_case - worst) < 0:
        return Outcome.FAIL
    return Outcome.WARN if sign * (span.value - worst) < 0 else Outcome.PASS


def _details(rows: LabelledRequests, promised: float) -> dict[str, Any]:
    days = np.unique(rows.event_time[rows.labelled] // DAY).size
    return {
        "reference": promised,
        "coverage": float(rows.labelled.mean()),
        "requests": int(rows.event_time.size),
        "days": int(days),
        "interval_over": "days" if days > 1 else "rows",
        "since": int(rows.event_time[0]),
        "until": int(rows.event_time[-1]),
    }
