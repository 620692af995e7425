"""How good predictions are: one table of metrics, each NaN where it is undefined, never 0.

`score` is (n,) the probability of the positive class for a binary task, (n, k) probabilities in the order of `classes`
for a multiclass task, (n,) values for a regression. A score that is not finite makes every metric NaN: unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from loopwright.core.schema import Task
from loopwright.stats.arrays import AnyArray, Bools, Floats, average_ranks, class_codes, floats, positive_mask
from loopwright.stats.intervals import wilson

NAN = float("nan")
_TINY = float(np.finfo(np.float64).eps)
MetricFunction = Callable[[AnyArray, Floats, tuple[Any, ...]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of quality.

    Attributes:
        name: Its key in `METRICS`.
        tasks: The tasks it is defined for.
        greater_is_better: Which way is good.
        function: `(label (n,), score, classes) -> float`; NaN where undefined.
        bounds: Least and greatest possible value.
    """

    name: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    function: MetricFunction
    bounds: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityCurve:
    """Claimed against observed share of positives, bin by bin of equal mass; all arrays are (n_bins,).

    `low` and `high` are the Wilson interval of the observed share at level 0.95.
    """

    mean_score: Floats
    share_positive: Floats
    low: Floats
    high: Floats
    count: Floats


def rank_auc(positive: Bools, score: Floats) -> float:
    """Area under the ROC curve by ranks, ties counting one half (Mann and Whitney 1947); NaN with one class.

    Args:
        positive: (n,) which rows are positive.
        score: (n,) finite scores.
    """
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        return NAN
    ranks = average_ranks(score)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2.0) / (n_positive * n_negative))


def reliability_curve(
    label: AnyArray, score: Floats, bins: int = 10, *, classes: tuple[Any, ...] = ()
) -> ReliabilityCurve:
    """How often a score of p turns out positive, in at most `bins` bins of equal mass; equal scores stay together.

    Args:
        label: (n,) labels.
        score: (n,) probabilities of the positive class.
        bins: How many bins are wanted; ties may leave fewer.
        classes: `(negative, positive)`; empty where the labels are booleans or 0 and 1.
    """
    return _curve(positive_mask(label, classes), floats(score), bins)


def _curve(hit: Bools, score: Floats, bins: int) -> ReliabilityCurve:
    if score.size == 0:
        empty = np.empty(0)
        return ReliabilityCurve(mean_score=empty, share_positive=empty, low=empty, high=empty, count=empty)
    edges = np.unique(np.quantile(score, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    place = np.searchsorted(edges, score, side="left")
    count = np.bincount(place, minlength=edges.size + 1).astype(np.float64)
    kept = count > 0
    hits = np.bincount(place, weights=hit.astype(np.float64), minlength=edges.size + 1)[kept]
    total = np.bincount(place, weights=score, minlength=edges.size + 1)[kept]
    count = count[kept]
    spans = [wilson(int(h), int(n)) for h, n in zip(hits, count, strict=True)]
    return ReliabilityCurve(
        mean_score=total / count,
        share_positive=hits / count,
        low=floats([span.low for span in spans]),
        high=floats([span.high for span in spans]),
        count=count,
    )


def _roc_auc(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    if score.ndim == 1:
        return rank_auc(positive_mask(label, classes), score)
    codes = class_codes(label, classes)
    return float(np.mean([rank_auc(codes == code, score[:, code]) for code in range(score.shape[1])]))


def _average_precision(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    if score.ndim == 1:
        return _binary_average_precision(positive_mask(label, classes), score)
    codes = class_codes(label, classes)
    each = [_binary_average_precision(codes == code, score[:, code]) for code in range(score.shape[1])]
    return float(np.mean(each))


def _binary_average_precision(positive: Bools, score: Floats) -> float:
    n_positive = int(positive.sum())
    if n_positive in (0, positive.size):
        return NAN
    order = np.argsort(-score, kind="stable")
    last = np.concatenate((score[order][1:] != score[order][:-1], [True]))
    found = np.cumsum(positive[order])[last]
    seen = np.flatnonzero(last) + 1
    return float(np.sum(np.diff(found, prepend=0) * found / seen) / n_positive)


def _log_loss(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    if score.ndim == 1:
        chance = np.clip(score, _TINY, 1.0 - _TINY)
        return float(-np.mean(np.log(np.where(positive_mask(label, classes), chance, 1.0 - chance))))
    return float(-np.mean(np.log(np.clip(_chance_of_label(label, score, classes), _TINY, 1.0))))


def _chance_of_label(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> Floats:
    codes = class_codes(label, classes)
    return np.where(codes >= 0, score[np.arange(codes.size), np.maximum(codes, 0)], 0.0)


def _brier(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    if score.ndim == 1:
        return float(np.mean((score - positive_mask(label, classes)) ** 2))
    truth = class_codes(label, classes)[:, None] == np.arange(score.shape[1])[None, :]
    return float(np.mean(np.sum((score - truth) ** 2, axis=1)))


def _chosen(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> tuple[AnyArray, AnyArray, int]:
    """Codes of the labels, codes of the answers (ties go to the earlier class), and the number of classes."""
    if score.ndim == 1:
        return positive_mask(label, classes).astype(np.int64), (score > 0.5).astype(np.int64), 2
    return class_codes(label, classes), np.argmax(score, axis=1), score.shape[1]


def _accuracy(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    truth, answer, _ = _chosen(label, score, classes)
    return float(np.mean(truth == answer))


def _balanced_accuracy(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    truth, answer, n_classes = _chosen(label, score, classes)
    recalls = [float(np.mean(answer[truth == code] == code)) for code in range(n_classes) if np.any(truth == code)]
    return float(np.mean(recalls)) if len(recalls) > 1 else NAN


def _f1(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    truth, answer, n_classes = _chosen(label, score, classes)
    wanted = [1] if score.ndim == 1 else range(n_classes)
    each = [_class_f1(truth == code, answer == code) for code in wanted]
    defined = [value for value in each if not np.isnan(value)]
    return float(np.mean(defined)) if defined else NAN


def _class_f1(truth: Bools, answer: Bools) -> float:
    named = int(truth.sum()) + int(answer.sum())
    return 2.0 * int((truth & answer).sum()) / named if named else NAN


def _calibration_error(label: AnyArray, score: Floats, classes: tuple[Any, ...]) -> float:
    if score.ndim == 1:
        curve = _curve(positive_mask(label, classes), score, 10)
    else:
        curve = _curve(np.asarray(class_codes(label, classes) == np.argmax(score, axis=1)), score.max(axis=1), 10)
    return float(np.sum(curve.count * np.abs(curve.share_positive - curve.mean_score)) / curve.count.sum())


def _mae(label: AnyArray, score: Floats, _: tuple[Any, ...]) -> float:
    return float(np.mean(np.abs(floats(label) - score)))


def _rmse(label: AnyArray, score: Floats, _: tuple[Any, ...]) -> float:
    return float(np.sqrt(np.mean((floats(label) - score) ** 2)))


def _r2(label: AnyArray, score: Floats, _: tuple[Any, ...]) -> float:
    truth = floats(label)
    spread = float(np.sum((truth - truth.mean()) ** 2))
    return 1.0 - float(np.sum((truth - score) ** 2)) / spread if spread > 0 else NAN


def _guarded(function: MetricFunction) -> MetricFunction:
    def metric(label: AnyArray, score: Floats, classes: tuple[Any, ...] = ()) -> float:
        score = floats(score)
        if score.shape[0] != np.asarray(label).shape[0]:
            raise ValueError(f"{np.asarray(label).shape[0]} labels but {score.shape[0]} scores")
        if score.size == 0 or not np.isfinite(score).all():
            return NAN
        return function(np.asarray(label), score, classes)

    return metric


_BOTH: tuple[Task, ...] = ("binary", "multiclass")
_UNIT = (0.0, 1.0)
_UP = (0.0, float("inf"))

_TABLE: tuple[Metric, ...] = (
    Metric(name="roc_auc", tasks=_BOTH, greater_is_better=True, function=_roc_auc, bounds=_UNIT),
    Metric(name="average_precision", tasks=_BOTH, greater_is_better=True, function=_average_precision, bounds=_UNIT),
    Metric(name="log_loss", tasks=_BOTH, greater_is_better=False, function=_log_loss, bounds=_UP),
    Metric(name="brier", tasks=_BOTH, greater_is_better=False, function=_brier, bounds=(0.0, 2.0)),
    Metric(name="accuracy", tasks=_BOTH, greater_is_better=True, function=_accuracy, bounds=_UNIT),
    Metric(name="balanced_accuracy", tasks=_BOTH, greater_is_better=True, function=_balanced_accuracy, bounds=_UNIT),
    Metric(name="f1", tasks=_BOTH, greater_is_better=True, function=_f1, bounds=_UNIT),
    Metric(name="calibration_error", tasks=_BOTH, greater_is_better=False, function=_calibration_error, bounds=_UNIT),
    Metric(name="mae", tasks=("regression",), greater_is_better=False, function=_mae, bounds=_UP),
    Metric(name="rmse", tasks=("regression",), greater_is_better=False, function=_rmse, bounds=_UP),
    Metric(name="r2", tasks=("regression",), greater_is_better=True, function=_r2, bounds=(float("-inf"), 1.0)),
)

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: Metric(
            name=m.name,
            tasks=m.tasks,
            greater_is_better=m.greater_is_better,
            function=_guarded(m.function),
            bounds=m.bounds,
        )
        for m in _TABLE
    }
)
"""Every metric by name. A multiclass `roc_auc` or `average_precision` is the unweighted mean of one class against the
rest; a multiclass `f1` the mean over the classes that occur; `calibration_error` the expected calibration error over
ten bins of equal mass (Naeini and others 2015), of the top class where there are several; answers are the positive
class above 0.5, or the most probable class."""


def quality(task: Task, label: AnyArray, score: Floats, *, classes: tuple[Any, ...] = ()) -> dict[str, float]:
    """Every metric of `METRICS` that the task has; NaN where undefined."""
    return {m.name: m.function(label, score, classes) for m in METRICS.values() if task in m.tasks}
