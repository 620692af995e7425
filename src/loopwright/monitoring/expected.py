"""What a metric is expected to be, from the chance of each class instead of the labels.

If a calibrated model says 0.8, eight in ten such answers are right: the confusion matrix, and with it any metric, can
be expected before a label is there (the idea of confidence-based estimation; Kivimäki and others 2024). A ratio of
expected counts stands for the expected ratio, which for hundreds of rows makes no difference.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from loopwright.stats.arrays import Floats

Expected = Callable[[Floats, Floats], float]
"""`(chance (n, k), score (n, k)) -> float`: chances of the classes as calibrated, and what the model said."""

NAN = float("nan")
_TINY = float(np.finfo(np.float64).eps)


def two_columns(score: Floats) -> Floats:
    """(n, 2) of (n,) chances of the positive class; (n, k) stay as they are."""
    return np.stack([1.0 - score, score], axis=1) if score.ndim == 1 else score


def _chosen(score: Floats) -> Floats:
    """(n, k) one where the class is the answer: for two classes the positive one above one half, see `METRICS`."""
    if score.shape[1] == 2:
        said = score[:, 1] > 0.5
        return np.stack([~said, said], axis=1).astype(np.float64)
    made = np.zeros_like(score)
    made[np.arange(score.shape[0]), np.argmax(score, axis=1)] = 1.0
    return made


def _classes(score: Floats) -> range:
    """The classes that a mean over classes is taken of: the positive one, or all."""
    return range(1, 2) if score.shape[1] == 2 else range(score.shape[1])


def _area(chance: Floats, score: Floats) -> float:
    """Area under the ROC curve where each row is positive in part; ties count one half."""
    order = np.argsort(score, kind="stable")
    ordered, hit = score[order], chance[order]
    miss = 1.0 - hit
    both = float(hit.sum()) * float(miss.sum())
    if both <= 0.0:
        return NAN
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    hits, misses = np.add.reduceat(hit, starts), np.add.reduceat(miss, starts)
    below = np.cumsum(misses) - misses
    own = np.add.reduceat(hit * miss, starts)  # a row is no pair with itself
    return float((hits @ (below + misses / 2) - own.sum() / 2) / (both - float(hit @ miss)))


def _roc_auc(chance: Floats, score: Floats) -> float:
    return float(np.mean([_area(chance[:, k], score[:, k]) for k in _classes(score)]))


def _precision(chance: Floats, score: Floats) -> float:
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(chance[order])
    if hits[-1] <= 0.0:
        return NAN
    last = np.append(score[order][1:] != score[order][:-1], True)
    found, seen = hits[last], np.flatnonzero(last) + 1
    return float(np.sum(np.diff(found, prepend=0.0) * found / seen) / hits[-1])


def _average_precision(chance: Floats, score: Floats) -> float:
    return float(np.mean([_precision(chance[:, k], score[:, k]) for k in _classes(score)]))


def _log_loss(chance: Floats, score: Floats) -> float:
    return float(-np.mean(np.sum(chance * np.log(np.clip(score, _TINY, 1.0)), axis=1)))


def _brier(chance: Floats, score: Floats) -> float:
    """Mean square error of the positive class for two classes, the sum over the classes for more."""
    squares = chance * ((1.0 - score) ** 2) + (1.0 - chance) * score**2
    return float(np.mean(squares[:, 1] if score.shape[1] == 2 else squares.sum(axis=1)))


def _accuracy(chance: Floats, score: Floats) -> float:
    return float(np.mean(np.sum(chance * _chosen(score), axis=1)))


def _balanced_accuracy(chance: Floats, score: Floats) -> float:
    total = chance.sum(axis=0)
    return float(np.mean((chance * _chosen(score)).sum(axis=0) / total)) if bool((total > 0).all()) else NAN


def _f1(chance: Floats, score: Floats) -> float:
    said = _chosen(score)
    named = chance.sum(axis=0) + said.sum(axis=0)
    right = (chance * said).sum(axis=0)
    return float(np.mean([2.0 * right[k] / named[k] if named[k] > 0 else NAN for k in _classes(score)]))


EXPECTED: Mapping[str, Expected] = MappingProxyType(
    {
        "roc_auc": _roc_auc,
        "average_precision": _average_precision,
        "log_loss": _log_loss,
        "brier": _brier,
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "f1": _f1,
    }
)
"""By the names of `stats.quality.METRICS`, whose definitions they share."""


def expected(metric: str, chance: Floats, score: Floats) -> float:
    """A metric as expected; NaN where undefined, or where a chance or a score is no number.

    Args:
        metric: A key of `EXPECTED`.
        chance: (n,) calibrated chances of the positive class, or (n, k) of all classes.
        score: Of the same shape: what the model said.
    """
    both = two_columns(chance), two_columns(score)
    if not both[1].size or not all(bool(np.isfinite(part).all()) for part in both):
        return NAN
    return EXPECTED[metric](*both)


def drawn_labels(chance: Floats, rng: np.random.Generator) -> np.ndarray:
    """(n,) the class of each row, drawn by its chances (n, k)."""
    ends = np.cumsum(chance, axis=1)
    return np.asarray(np.sum(rng.random((chance.shape[0], 1)) * ends[:, -1:] >= ends[:, :-1], axis=1), dtype=np.int64)
