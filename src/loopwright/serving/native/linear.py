"""scikit-learn's linear models: one product of matrices, and the link function as the library computes it.

Where a score is not finite, the direct way gives no answer and the model's own method does, so that its refusal of NaN
stays.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.serving.native.rows_call import RowsCall

_REGRESSIONS = (
    "BayesianRidge ElasticNet ElasticNetCV HuberRegressor Lasso LassoCV LinearRegression LinearSVR Ridge RidgeCV "
    "SGDRegressor"
)
_CERTAIN = "LinearSVC PassiveAggressiveClassifier Perceptron RidgeClassifier RidgeClassifierCV"
Link = Callable[[np.ndarray], np.ndarray]


def linear_call(model: Any) -> RowsCall | None:
    """The call for a linear model with one answer a row; None for anything else."""
    name = type(model).__name__
    if name in _REGRESSIONS.split():
        return _values(model) if np.ndim(model.coef_) == 1 else None
    link = _link_of(model, name)
    return None if link is None else _linked(model, link)


def linear_terms(model: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients (c, k) and intercepts (c,) of a linear model's margins; None for anything else."""
    name = type(model).__name__
    known = (*_REGRESSIONS.split(), *_CERTAIN.split(), "LogisticRegression", "LogisticRegressionCV", "SGDClassifier")
    if name not in known or not type(model).__module__.startswith("sklearn."):
        return None
    coefficients = np.atleast_2d(model.coef_)
    return coefficients, np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64), (len(coefficients),))


def _values(model: Any) -> RowsCall:
    coefficients, intercept = model.coef_, model.intercept_
    return lambda rows: _finite(rows @ coefficients + intercept)


def _linked(model: Any, link: Link) -> RowsCall:
    coefficients, intercept = model.coef_.T, model.intercept_

    def call(rows: np.ndarray) -> np.ndarray | None:
        decision = _finite(rows @ coefficients + intercept)
        return None if decision is None else link(decision)

    return call


def _link_of(model: Any, name: str) -> Link | None:
    """From decisions, (n, 1) or (n, c), to the score or the probabilities."""
    binary = len(getattr(model, "classes_", ())) == 2
    if name in ("LogisticRegression", "LogisticRegressionCV"):
        return _logistic() if binary else _softmax
    if name == "SGDClassifier" and model.loss == "log_loss":
        return _logistic() if binary else None
    if name in _CERTAIN.split() or (name == "SGDClassifier" and not hasattr(model, "predict_proba")):
        return (lambda decision: (decision.reshape(-1) > 0).astype(np.float64)) if binary else _largest
    return None


def _logistic() -> Link:
    from scipy.special import expit

    return lambda decision: np.asarray(expit(decision.reshape(-1)))


def _softmax(decision: np.ndarray) -> np.ndarray:
    decision -= np.max(decision, axis=1).reshape((-1, 1))
    decision = np.exp(decision)
    decision /= np.sum(decision, axis=1).reshape((-1, 1))
    return decision


def _largest(decision: np.ndarray) -> np.ndarray:
    made = np.zeros_like(decision)
    made[np.arange(len(decision)), np.argmax(decision, axis=1)] = 1.0
    return made


def _finite(decision: np.ndarray) -> np.ndarray | None:
    whole = decision.item() if decision.size == 1 else float(decision.sum())
    return decision if math.isfinite(whole) else None
