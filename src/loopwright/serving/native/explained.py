"""What each column contributed to a model's margin, by the model's own library or, for linear models, exactly."""

from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.formats.ensembles import Ensemble
from loopwright.formats.format import NativeModel
from loopwright.serving.native.composed import shares_of
from loopwright.serving.native.lightgbm import LightGBMCall, lightgbm_call
from loopwright.serving.native.linear import linear_terms
from loopwright.serving.native.steps import steps_of
from loopwright.serving.native.stored import stored_call
from loopwright.serving.native.xgboost import XGBoostCall, xgboost_call

Contributions = Callable[[np.ndarray], np.ndarray]
"""(n, k) → (n, c, k + 1): what each column adds to the margin of each of c answers, and last the base."""


def contributions_of(model: Any, typical: np.ndarray) -> Contributions | None:
    """How a model's answers come about; None where neither its library nor its form tells.

    Args:
        model: A model, or the direct call of one.
        typical: (k,) the row that a linear model's rows are compared with.
    """
    if isinstance(model, Ensemble):
        return _mean(model, typical)
    if isinstance(model, NativeModel):
        model = stored_call(model, 1)
    if isinstance(model, LightGBMCall | XGBoostCall):
        return model.contributions
    boosted = lightgbm_call(model, 1) or xgboost_call(model, 1)
    if isinstance(boosted, LightGBMCall | XGBoostCall):
        return boosted.contributions
    if type(model).__name__ == "Pipeline" and type(model).__module__.startswith("sklearn."):
        return _through_steps(model, typical)
    terms = linear_terms(model)
    return None if terms is None else _linear(*terms, typical)


def _mean(model: Ensemble, typical: np.ndarray) -> Contributions | None:
    """The weighted mean of the members' contributions; the ensemble's own where scores are on the same scale."""
    found = [contributions_of(member, typical) for member in model.models]
    calls = [call for call in found if call is not None]
    if len(calls) < len(found):
        return None
    shares = shares_of(model)
    return lambda rows: np.add.reduce([share * call(rows) for share, call in zip(shares, calls, strict=True)])


def _through_steps(model: Any, typical: np.ndarray) -> Contributions | None:
    """The steps that are known here keep columns apart, so that their last model's contributions are the pipeline's."""
    steps = steps_of(model)
    if steps is None:
        return None

    def transformed(rows: np.ndarray) -> np.ndarray:
        for step in steps:
            rows = step(rows)
        return rows

    last = contributions_of(model.steps[-1][1], transformed(typical[None])[0])
    return None if last is None else (lambda rows: last(transformed(rows)))


def _linear(coefficients: np.ndarray, intercept: np.ndarray, typical: np.ndarray) -> Contributions:
    base = intercept + coefficients @ typical

    def call(rows: np.ndarray) -> np.ndarray:
        made = np.empty((len(rows), len(coefficients), rows.shape[1] + 1))
        made[:, :, :-1] = (rows - typical)[:, None, :] * coefficients
        made[:, :, -1] = base
        return made

    return call
