"""Scores made into chances: fitted on the holdout, plain numbers, a few hundred at most."""

import msgspec
import numpy as np

from loopwright.stats.arrays import Floats, floats

_KNOTS = 200
_FOLDS = 5
_TINY = 1e-6


class Calibrator(msgspec.Struct, frozen=True, kw_only=True):
    """The chance of each class at each score, straight between knots.

    Attributes:
        score: By class (the positive one alone for two classes): ascending knots.
        chance: As long, in [0, 1].
    """

    score: tuple[tuple[float, ...], ...]
    chance: tuple[tuple[float, ...], ...]

    def of(self, score: Floats) -> Floats:
        """Chances of the shape of the scores, (n,) or (n, k); those of several classes add up to one."""
        if score.ndim == 1:
            return np.interp(score, floats(self.score[0]), floats(self.chance[0]))
        columns = zip(score.T, self.score, self.chance, strict=True)
        made = np.stack([np.interp(said, floats(knots), floats(chance)) for said, knots, chance in columns], axis=1)
        total = made.sum(axis=1, keepdims=True)
        return np.where(total > 0, made / np.where(total > 0, total, 1.0), score)


def fit_calibrator(score: Floats, hits: Floats, *, blocks: np.ndarray) -> Calibrator:
    """Whichever of three calibrators says most about blocks that it has not seen, by log loss.

    The scores as they are; a straight line of the log odds (Platt 1999); a rising curve (isotonic regression).

    Args:
        score: (n, k) scores of the classes; one column for two classes.
        hits: (n, k) one where the row is of the class.
        blocks: (n,) names of blocks whose rows are alike, such as days.
    """
    names, place = np.unique(blocks, return_inverse=True)
    fold = (np.arange(names.size) * _FOLDS // max(names.size, 1))[place] if names.size >= _FOLDS else place
    columns = [_fit_column(score[:, k], hits[:, k], fold) for k in range(score.shape[1])]
    return Calibrator(score=tuple(s for s, _ in columns), chance=tuple(c for _, c in columns))


def _fit_column(score: Floats, hit: Floats, fold: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    ways = (_as_is, _platt, _isotonic)
    losses = np.zeros(len(ways))
    for part in np.unique(fold):
        known, asked = fold != part, fold == part
        if not 0 < hit[known].sum() < known.sum():
            continue
        for number, way in enumerate(ways):
            chance = np.clip(np.interp(score[asked], *way(score[known], hit[known])), _TINY, 1 - _TINY)
            losses[number] -= float(hit[asked] @ np.log(chance) + (1 - hit[asked]) @ np.log1p(-chance))
    mixed = 0 < hit.sum() < hit.size
    knots, chance = ways[int(np.argmin(losses)) if mixed else 0](score, hit)
    return tuple(np.round(knots, 9).tolist()), tuple(np.round(chance, 9).tolist())


def _grid(score: Floats) -> Floats:
    return np.unique(np.concatenate([[0.0, 1.0], np.quantile(score, np.linspace(0, 1, _KNOTS))]))


def _as_is(score: Floats, hit: Floats) -> tuple[Floats, Floats]:  # noqa: ARG001 - nothing is fitted
    return floats([0.0, 1.0]), floats([0.0, 1.0])


def _platt(score: Floats, hit: Floats) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    def odds(values: Floats) -> Floats:
        clipped = np.clip(values, _TINY, 1 - _TINY)
        return np.asarray(np.log(clipped / (1 - clipped)))[:, None]

    fitted = LogisticRegression(C=1e6).fit(odds(score), hit > 0.5)
    grid = _grid(score)
    return grid, floats(fitted.predict_proba(odds(grid))[:, 1])


def _isotonic(score: Floats, hit: Floats) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, hit)
    grid = _grid(score)
    return grid, floats(fitted.predict(grid))
