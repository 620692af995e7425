"""Performance without labels: a calibrator or a model of the loss from the holdout, and how far off it was there."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from loopwright.core.schema import Signature
from loopwright.monitoring.calibrator import Calibrator, fit_calibrator
from loopwright.monitoring.expected import EXPECTED, drawn_labels, expected, two_columns
from loopwright.stats.arrays import AnyArray, Floats, class_codes, floats, positive_mask
from loopwright.stats.intervals import normal_quantile
from loopwright.stats.quality import METRICS

FORMAT_VERSION = 1
LOSSES = {"mae": "absolute", "rmse": "squared"}
"""Metrics of a regression that are estimated, and the loss whose mean they rest on."""
_FOLDS = 5
_DRAWS = 60
_MOST_ROWS = 20_000
_LEAST_ROWS = 200
_REMEMBERED = 3.0
NAN = float("nan")


class Estimation(msgspec.Struct, frozen=True, kw_only=True):
    """What estimates rest on, beside the models of the losses: the part `estimation` of a bundle.

    Attributes:
        rows: Of the holdout.
        parts: Blocks of the holdout with 200 rows or more, a day each where a day has as many.
        calibrator: Of a classification.
        wrong: By metric: the standard deviation of (estimate - truth) over such blocks that the estimate had not seen,
            less what the drawing of labels explains.
        drawn: By metric: what the drawing of the holdout's own labels did to what was fitted on them, about as much as
            to the metric on the whole holdout.
        lean: By metric: the mean of (estimate - truth) over them.
        spread: By loss of a regression: the standard deviation of a row's loss about what is foretold.
        ranges: By feature: the least and the greatest value of the holdout; codes that it has, for categories.
        missing: Features that some rows of the holdout lack.
        format_version: Of this struct.
    """

    rows: int
    parts: int = 1
    calibrator: Calibrator | None = None
    wrong: dict[str, float] = {}
    drawn: dict[str, float] = {}
    lean: dict[str, float] = {}
    spread: dict[str, float] = {}
    ranges: dict[str, tuple[float, ...]] = {}
    missing: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """An estimate and its interval; NaN where there is none."""

    value: float
    low: float
    high: float
    n: int


def fit_classification(
    score: Floats, label: AnyArray, *, features: dict[str, Floats], signature: Signature, blocks: np.ndarray
) -> Estimation:
    """Fit the calibrator, and see how wrong it is on blocks that it was not fitted on.

    Args:
        score: (n,) or (n, k) the model's honest answers on rows that it was not trained on.
        label: (n,).
        features: (n,) each, as the model sees them.
        signature: The model's.
        blocks: (n,) ascending names of blocks whose rows are alike, such as days.
    """
    truth = _hits(label, score, signature)
    asked = score[:, None] if score.ndim == 1 else score
    off: dict[str, list[tuple[float, float]]] = {name: [] for name in EXPECTED}
    rng = np.random.default_rng(0)
    for known, held in _folds(blocks):
        chance = _shaped(fit_calibrator(asked[known], truth[known], blocks=blocks[known]).of(_shaped(asked[held])))
        for part in _parts(blocks[held]):
            rows = np.flatnonzero(held)[part]
            for name in EXPECTED:
                noise = _label_noise(name, chance[part], score[rows], rng=rng, draws=8)
                real = METRICS[name].function(label[rows], score[rows], signature.classes)
                off[name].append((expected(name, chance[part], score[rows]) - real, noise))
    wrong, drawn, lean = _errors(off)
    ranges, missing = _ranges(features, signature)
    return Estimation(
        rows=score.shape[0],
        parts=len(_parts(blocks)),
        calibrator=fit_calibrator(asked, truth, blocks=blocks),
        wrong=wrong,
        drawn=drawn,
        lean=lean,
        ranges=ranges,
        missing=missing,
    )


def fit_regression(
    score: Floats, label: AnyArray, *, features: dict[str, Floats], signature: Signature, blocks: np.ndarray
) -> tuple[Estimation, dict[str, Any]]:
    """Models of the absolute and of the squared error (direct loss estimation), and how wrong they are.

    The arguments are those of `fit_classification`.

    Returns:
        What estimates rest on, and the models by loss.
    """
    design = _design(score, features, signature)
    error = floats(label) - score
    targets = {"absolute": np.abs(error), "squared": error**2}
    off: dict[str, list[tuple[float, float]]] = {name: [] for name in LOSSES}
    rest: dict[str, list[Floats]] = {loss: [] for loss in targets}
    for known, held in _folds(blocks):
        for metric, loss in LOSSES.items():
            told = _loss_model(design[known], targets[loss][known]).predict(design[held])
            gap = told - targets[loss][held]
            rest[loss].append(gap)
            for part in _parts(blocks[held]):
                said, real = (_metric(metric, values[part].mean()) for values in (told, targets[loss][held]))
                bend = 1.0 if metric == "mae" else 1.0 / max(2.0 * said, 1e-12)
                off[metric].append((said - real, bend * float(gap[part].std()) / np.sqrt(part.size)))
    wrong, drawn, lean = _errors(off)
    ranges, missing = _ranges(features, signature)
    about = Estimation(
        rows=score.size,
        parts=len(_parts(blocks)),
        wrong=wrong,
        drawn=drawn,
        lean=lean,
        spread={loss: float(np.concatenate(gaps).std()) if gaps else NAN for loss, gaps in rest.items()},
        ranges=ranges,
        missing=missing,
    )
    return about, {loss: _loss_model(design, target) for loss, target in targets.items()}


def estimate_classification(
    about: Estimation, metric: str, score: Floats, *, days: int, level: float, rng: np.random.Generator
) -> Estimated:
    """A metric on requests without labels.

    The interval is for what the metric will turn out to be on these requests: the drawing of labels, and how wrong
    estimates were on blocks of the holdout that they had not seen. It does not hold where the same inputs have come to
    mean something else.

    Args:
        about: Of the model's bundle.
        metric: A key of `EXPECTED`.
        score: (n,) or (n, k), finite.
        days: Over which the requests are spread: errors of days average out, slowly since days remember.
        level: Of the interval.
        rng: Draws labels.
    """
    if about.calibrator is None or not score.size:
        return Estimated(value=NAN, low=NAN, high=NAN, n=score.shape[0])
    chance = about.calibrator.of(score)
    value = expected(metric, chance, score)
    noise = _label_noise(metric, chance, score, rng=rng, draws=_DRAWS)
    made = Estimated(value=value, low=noise, high=noise, n=score.shape[0])
    return _around(metric, made, about=about, days=days, level=level)


def estimate_regression(about: Estimation, metric: str, *, total: float, n: int, days: int, level: float) -> Estimated:
    """A metric on requests without labels, from the sum of the losses foretold; see `estimate_classification`."""
    if n == 0 or not np.isfinite(total):
        return Estimated(value=NAN, low=NAN, high=NAN, n=n)
    mean = max(total / n, 0.0)
    value = _metric(metric, mean)
    bend = 1.0 if metric == "mae" else 1.0 / max(2.0 * value, 1e-12)
    noise = bend * about.spread.get(LOSSES[metric], NAN) / np.sqrt(n)
    made = Estimated(value=value, low=float(noise), high=float(noise), n=n)
    return _around(metric, made, about=about, days=days, level=level)


def foretold_losses(
    models: dict[str, Any], score: Floats, *, features: dict[str, Floats], signature: Signature
) -> dict[str, Floats]:
    """(n,) each loss as its model foretells it, never below nought."""
    design = _design(score, features, signature)
    return {loss: np.maximum(floats(model.predict(design)), 0.0) for loss, model in models.items()}


def outside(about: Estimation, features: dict[str, Floats]) -> np.ndarray:
    """(n,) requests unlike the holdout: a number beyond its range, a level that it did not have, or a missing value
    where it had none."""
    found = np.zeros(next(iter(features.values())).size if features else 0, dtype=bool)
    for name, span in about.ranges.items():
        values = features.get(name)
        if values is None:
            continue
        gone = ~np.isfinite(values)
        beyond = (values < span[0]) | (values > span[1]) if len(span) == 2 else ~np.isin(values, span[2:])
        found |= np.where(gone, name not in about.missing, beyond)
    return found


def _ranges(features: dict[str, Floats], signature: Signature) -> tuple[dict[str, tuple[float, ...]], tuple[str, ...]]:
    """Ranges of numbers; for categories two bounds and then every code that occurs."""
    kinds = {column.name: column for column in signature.features}
    ranges, missing = {}, []
    for name, values in features.items():
        known = values[np.isfinite(values)]
        if known.size < values.size:
            missing.append(name)
        span = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        column = kinds.get(name)
        codes = column is not None and column.categories is not None
        ranges[name] = (*span, *np.unique(known).tolist()) if codes else span
    return ranges, tuple(missing)


def _around(metric: str, made: Estimated, *, about: Estimation, days: int, level: float) -> Estimated:
    """The interval about an estimate whose `low` holds the deviation of labels.

    Errors of days average out like those of a third as many days, those here and those of the holdout: what a
    correlation of one half between neighbours makes of them.
    """
    here = max(1.0, min(days, made.n / _LEAST_ROWS) / _REMEMBERED)
    there = max(1.0, about.parts / _REMEMBERED)
    error = about.wrong.get(metric, NAN) * np.sqrt(1 / here + 1 / there)
    parts = (made.low, float(error), about.drawn.get(metric, NAN))
    half = normal_quantile(level) * float(np.linalg.norm(parts))
    ends = np.clip([made.value - half, made.value + half], *METRICS[metric].bounds)
    return Estimated(value=made.value, low=float(ends[0]), high=float(ends[1]), n=made.n)


def _label_noise(metric: str, chance: Floats, score: Floats, *, rng: np.random.Generator, draws: int) -> float:
    """Standard deviation of the metric over labels drawn by their chances."""
    n = score.shape[0]
    kept = np.arange(n)[:: max(1, -(-n // _MOST_ROWS))]
    part, said = two_columns(chance)[kept], score[kept]
    classes = tuple(range(part.shape[1]))
    made = floats([METRICS[metric].function(drawn_labels(part, rng), said, classes) for _ in range(draws)])
    known = made[np.isfinite(made)]
    return float(known.std(ddof=1) * np.sqrt(kept.size / n)) if known.size > draws // 2 else NAN


def _errors(
    off: dict[str, list[tuple[float, float]]],
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """By metric: the deviation of errors beyond what noise explains (by moments), the noise of all of them together,
    and their mean."""
    wrong, drawn, lean = {}, {}, {}
    for name, pairs in off.items():
        both = floats([pair for pair in pairs if np.isfinite(pair).all()]).reshape(-1, 2)
        if both.shape[0] < 2:
            continue
        errors, noise = both[:, 0], both[:, 1]
        wrong[name] = float(np.sqrt(max(float(np.mean(errors**2 - noise**2)), 0.0)))
        drawn[name] = float(np.sqrt(np.mean(noise**2) / noise.size))
        lean[name] = float(errors.mean())
    return wrong, drawn, lean


def _folds(blocks: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Stretches of blocks, each held out once: (known, held) masks."""
    names, place = np.unique(blocks, return_inverse=True)
    if names.size < 2:
        place, names = np.arange(blocks.size) * _FOLDS // max(blocks.size, 1), np.arange(_FOLDS)
    fold = (np.arange(names.size) * min(_FOLDS, names.size) // names.size)[place]
    return [(fold != part, fold == part) for part in np.unique(fold)]


def _parts(blocks: np.ndarray) -> list[np.ndarray]:
    """Positions of rows that make one figure: whole blocks with 200 rows together."""
    order = np.arange(blocks.size)
    count = max(1, blocks.size // _LEAST_ROWS)
    names, place = np.unique(blocks, return_inverse=True)
    part = (np.arange(names.size) * min(count, names.size) // names.size)[place]
    return [order[part == number] for number in np.unique(part)]


def _hits(label: AnyArray, score: Floats, signature: Signature) -> Floats:
    if score.ndim == 1:
        return positive_mask(label, signature.classes).astype(np.float64)[:, None]
    codes = class_codes(label, signature.classes)
    return floats(codes[:, None] == np.arange(score.shape[1])[None, :])


def _shaped(score: Floats) -> Floats:
    return score[:, 0] if score.ndim == 2 and score.shape[1] == 1 else score


def _metric(metric: str, mean: float) -> float:
    return float(mean if metric == "mae" else np.sqrt(max(mean, 0.0)))


def _design(score: Floats, features: dict[str, Floats], signature: Signature) -> Floats:
    """(n, n_features + 1): the features in the signature's order, and the answer."""
    return np.stack([*(floats(features[column.name]) for column in signature.features), score], axis=1)


def _loss_model(design: Floats, target: Floats) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.05,
        min_samples_leaf=max(20, min(200, target.size // 50)),
        max_leaf_nodes=15,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    with threadpool_limits(1):  # many small fits: threads that wait for one another beside a busy server cost minutes
        return model.fit(design, target)
