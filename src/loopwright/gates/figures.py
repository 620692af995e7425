"""Metrics and intervals as gates need them: looked up by name, and none where the task has no such figure."""

import numpy as np

from loopwright.errors import UsageError
from loopwright.gates.gate import Evidence
from loopwright.stats.arrays import AnyArray, positive_mask
from loopwright.stats.intervals import Interval, auc_difference, auc_interval, bootstrap_difference, bootstrap_interval
from loopwright.stats.quality import METRICS, Metric

LEVEL = 0.95
_SEED = 20130101


def known_metric(name: str) -> str:
    """The name, where there is such a metric. Raises UsageError."""
    if name not in METRICS:
        raise UsageError(f"there is no metric {name!r}", fix=f"Choose one of {', '.join(METRICS)}.")
    return name


def applicable_metric(name: str, evidence: Evidence) -> Metric | None:
    """The metric, or None where it is not defined for the evidence's task."""
    metric = METRICS[name]
    return metric if evidence.task in metric.tasks else None


def rows_differ(scores: AnyArray, evidence: Evidence) -> str:
    """What is wrong with the number of scores, or nothing."""
    rows, labels = np.asarray(scores).shape[0], np.asarray(evidence.label).shape[0]
    return "" if rows == labels else f"{rows} scores for {labels} labels"


def metric_interval(metric: Metric, scores: AnyArray, evidence: Evidence) -> Interval:
    """The interval of a metric at level 0.95: DeLong's for a binary ROC AUC, else the bootstrap."""
    if metric.name == "roc_auc" and evidence.task == "binary":
        return auc_interval(positive_mask(evidence.label, evidence.classes), scores, LEVEL, blocks=evidence.blocks)
    return bootstrap_interval(
        lambda label, score: metric.function(label, score, evidence.classes),
        evidence.label,
        np.asarray(scores),
        rng=np.random.default_rng(_SEED),
        blocks=evidence.blocks,
        level=LEVEL,
    )


def metric_gain(metric: Metric, scores: tuple[AnyArray, AnyArray], *, evidence: Evidence, level: float) -> Interval:
    """The interval of how much better the first scores are than the second on the same rows; positive is better."""
    ahead, behind = scores if metric.greater_is_better else scores[::-1]
    if metric.name == "roc_auc" and evidence.task == "binary":
        positive = positive_mask(evidence.label, evidence.classes)
        return auc_difference(positive, ahead, behind, level=level, blocks=evidence.blocks)
    return bootstrap_difference(
        lambda label, score: metric.function(label, score, evidence.classes),
        evidence.label,
        (np.asarray(ahead), np.asarray(behind)),
        rng=np.random.default_rng(_SEED),
        blocks=evidence.blocks,
        level=level,
    )
