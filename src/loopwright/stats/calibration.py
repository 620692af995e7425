"""Do probabilities mean what they say: the expected calibration error, its curve, and the slope of the log odds."""

from dataclasses import dataclass

import numpy as np

from loopwright.stats.arrays import AnyArray, Bools, Floats, floats
from loopwright.stats.intervals import Interval, jackknife_interval
from loopwright.stats.quality import METRICS, ReliabilityCurve, reliability_curve

_STEPS = 25
_TINY = 1e-6
NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How well claimed chances agree with what came.

    Attributes:
        error: Expected calibration error over ten bins of equal mass; above nought by chance alone in few rows.
        slope: Of the log odds (Cox 1958): 1 where right, below where answers are too sure of themselves; NaN where
            undefined.
        intercept: Of the log odds at slope 1: above nought where there are more positives than claimed.
        curve: Bin by bin.
    """

    error: Interval
    slope: float
    intercept: float
    curve: ReliabilityCurve


def calibration(positive: Bools, score: Floats, *, blocks: AnyArray, level: float = 0.95) -> Calibration:
    """Calibration of binary probabilities.

    Args:
        positive: (n,) what came.
        score: (n,) the chance that was claimed; rows that are not finite make everything NaN.
        blocks: (n,) ascending names of blocks, such as days, whose rows are alike.
        level: Confidence of the interval of the error.
    """
    positive, score = np.asarray(positive, dtype=bool), floats(score)
    metric = METRICS["calibration_error"].function
    whole = bool(np.isfinite(score).all())
    slope, _ = _logistic(positive, score, free=True) if whole else (NAN, NAN)
    _, intercept = _logistic(positive, score, free=False) if whole else (NAN, NAN)
    return Calibration(
        error=jackknife_interval(lambda y, s: metric(y, s, ()), positive, score, blocks=blocks, level=level),
        slope=slope,
        intercept=intercept,
        curve=reliability_curve(positive, score if whole else np.empty(0)),
    )


def _logistic(positive: Bools, score: Floats, *, free: bool) -> tuple[float, float]:
    """Slope and intercept of the log odds of the truth on those claimed, by Newton's steps; NaN with one class."""
    if positive.size < 2 or positive.all() or not positive.any():
        return NAN, NAN
    chance = np.clip(score, _TINY, 1 - _TINY)
    claimed = np.log(chance / (1 - chance))
    slope, intercept = 1.0, 0.0
    for _ in range(_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(slope * claimed + intercept, -30, 30)))
        rest, weight = positive - fitted, fitted * (1 - fitted)
        design = np.stack([claimed, np.ones_like(claimed)]) if free else np.ones((1, claimed.size))
        # Not by `@`: threads of a linear algebra library wait for one another, longer than two columns take.
        bend = np.einsum("in,jn->ij", design * weight, design)
        if not np.isfinite(bend).all() or np.linalg.cond(bend) > 1e12:
            return NAN, NAN
        step = np.linalg.solve(bend, np.einsum("in,n->i", design, rest))
        slope, intercept = (slope + step[0], intercept + step[1]) if free else (slope, intercept + step[0])
        if float(np.abs(step).max()) < 1e-8:
            return float(slope), float(intercept)
    return NAN, NAN
