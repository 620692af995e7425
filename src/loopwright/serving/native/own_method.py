"""A model asked through its own `predict_proba` or `predict`."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.serving.native.matrix_call import score_of

OwnCall = Callable[[Any], np.ndarray]
"""A matrix or a table → (n,) or (n, c) float64."""


def own_method(model: Any) -> OwnCall:
    """`predict_proba` where the model has it; else `predict`, whose classes count as certainties."""
    if hasattr(model, "predict_proba"):
        return _quiet(lambda given: score_of(model.predict_proba(given)))
    classes = getattr(model, "classes_", None)
    if classes is None:
        return _quiet(lambda given: np.asarray(model.predict(given), dtype=np.float64))
    return _quiet(lambda given: score_of(np.asarray(model.predict(given))[:, None] == classes))


def _quiet(call: OwnCall) -> OwnCall:
    def quiet(given: Any) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return call(given)

    return quiet
