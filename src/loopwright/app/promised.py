"""What the bundle says beyond the metrics: the gate's figures of slices and costs, and what estimates rest on.

Only what the loop declares is worked out, on the holdout, and travels with the model.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.app.packaging import days_of, labels_of
from loopwright.app.workspace import Workspace
from loopwright.core.codec import canonical, plain
from loopwright.formats.training_set import TrainingSet
from loopwright.formats.value import get_value, put_value
from loopwright.monitoring.estimate import Estimation, fit_classification, fit_regression
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.loss import interval_of
from loopwright.monitoring.money import cost_metric
from loopwright.monitoring.rules.estimated_performance import EstimatedPerformanceRule
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import DAY
from loopwright.monitoring.slices import MOST_SLICES, NULL, slice_name
from loopwright.registry.bundle import Manifest
from loopwright.stats.quality import METRICS, Metric

PART = "estimation"
LEAST_ROWS = 200
"""Rows of a holdout under which nothing is estimated."""
_VOUCHED = 0.8
"""Two-sided level of the interval whose worse end a slice is held to: its figure at the gate rests on few rows."""
_SLICE_ROWS = 50


def promised_figures(rules: Sequence[Any], holdout: TrainingSet, scores: np.ndarray) -> dict[str, float | None]:
    """The gate's figures that rules of performance need beside the metrics: costs, and slices.

    A slice is held to the worse end of the 80 % interval of its figure.
    """
    found: dict[str, float | None] = {}
    for rule in rules:
        if not isinstance(rule, PerformanceRule):
            continue
        metric = cost_metric(rule.cost) if rule.cost is not None else METRICS.get(rule.metric)
        if metric is None or holdout.signature.task not in metric.tasks:
            continue
        if rule.cost is not None:
            value = metric.function(labels_of(holdout), scores, holdout.signature.classes)
            found[metric.name] = value if np.isfinite(value) else None
        for by in rule.by:
            found |= _slices(metric, by, holdout, scores=scores)
    return found


def with_estimation(
    workspace: Workspace, manifest: Manifest, rules: Sequence[Any], *, holdout: TrainingSet, scores: np.ndarray
) -> Manifest:
    """The manifest with the part that estimates of performance rest on, where a rule of the loop asks for it."""
    known = np.isfinite(scores).reshape(len(holdout), -1).all(axis=1)
    if not any(isinstance(rule, EstimatedPerformanceRule) for rule in rules) or int(known.sum()) < LEAST_ROWS:
        return manifest
    rows = _in_order(holdout, known)
    features = {name: _numbers(holdout.features[name])[rows] for name in holdout.features.columns}
    asked: dict[str, Any] = {"features": features, "signature": holdout.signature, "blocks": _blocks(holdout)[rows]}
    if holdout.signature.task == "regression":
        about, models = fit_regression(scores[rows], labels_of(holdout)[rows], **asked)
    else:
        about, models = fit_classification(scores[rows], labels_of(holdout)[rows], **asked), {}
    part = {"about": plain(canonical(about)), "models": models}
    digest = put_value(workspace.stores.blobs, part)
    return msgspec.structs.replace(manifest, parts=manifest.parts | {PART: digest})


def estimation_of(workspace: Workspace, manifest: Manifest) -> tuple[Estimation, dict[str, Any]] | None:
    """What the version's estimates rest on, and its models of the loss; None where it was packaged without."""
    digest = manifest.parts.get(PART)
    if digest is None:
        return None
    part = get_value(workspace.stores.blobs, digest)
    return msgspec.convert(part["about"], Estimation), part["models"]


def _slices(metric: Metric, by: str, holdout: TrainingSet, *, scores: np.ndarray) -> dict[str, float | None]:
    table = holdout.about if by in holdout.about.columns else holdout.features
    if by not in table.columns:
        return {}
    rows = _in_order(holdout, np.ones(len(holdout), dtype=np.bool_))
    values = np.asarray(_named(holdout, table[by]).fill_null(NULL).to_list(), dtype=object)[rows]
    names, counts = np.unique(values.astype(str), return_counts=True)
    most = [str(names[i]) for i in np.argsort(-counts, kind="stable")[:MOST_SLICES] if counts[i] >= _SLICE_ROWS]
    whole = LabelledRequests(
        event_time=_blocks(holdout)[rows] * DAY,
        score=scores[rows],
        labelled=np.ones(rows.size, dtype=np.bool_),
        label=labels_of(holdout)[rows],
    )
    found: dict[str, float | None] = {}
    for name in most:
        span = interval_of(metric, whole.where(values == name), holdout.signature.classes, level=_VOUCHED)
        vouched = span.low if metric.greater_is_better else span.high
        found[slice_name(metric.name, by, name)] = vouched if span.known else None
    return found


def _named(holdout: TrainingSet, values: pl.Series) -> pl.Series:
    """The values as a request says them: levels in place of a category's codes."""
    column = next((c for c in holdout.signature.features if c.name == values.name), None)
    if column is None or column.categories is None or not values.dtype.is_integer():
        return values.cast(pl.String)
    levels = dict(enumerate(column.categories))
    return values.replace_strict(list(levels), list(levels.values()), default=None, return_dtype=pl.String)


def _in_order(holdout: TrainingSet, kept: np.ndarray) -> np.ndarray:
    """Positions of the rows that are kept, in order of their blocks."""
    place = np.flatnonzero(kept)
    return np.asarray(place[np.argsort(_blocks(holdout)[place], kind="stable")])


def _blocks(holdout: TrainingSet) -> np.ndarray:
    """Days; where rows have no event time, parts of 200 rows each."""
    days = days_of(holdout)
    return np.asarray(days if days is not None else np.arange(len(holdout)) // LEAST_ROWS, dtype=np.int64)


def _numbers(values: pl.Series) -> np.ndarray:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
