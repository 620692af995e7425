"""From a trained model to a function from columns to scores.

A LightGBM model is called through its booster, past the wrapper's table handling. Any other model answers
`predict_proba` or `predict`, with a matrix where it takes one and a table where it insists on names.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Columns = Mapping[str, np.ndarray]
Outputs = dict[str, np.ndarray]
Predict = Callable[[Columns], Outputs]


def matrix(columns: Columns) -> np.ndarray:
    """Columns side by side: (n_rows, n_columns) float64."""
    made = np.empty((len(next(iter(columns.values()))), len(columns)), dtype=np.float64)
    for index, column in enumerate(columns.values()):
        made[:, index] = column
    return made


def predict(model: Any, columns: Columns) -> Outputs:
    """What a model answers by default; for a loop's own `predict` function to build on.

    Args:
        model: A LightGBM or scikit-learn model.
        columns: Name → (n,), in the order the model was trained with.

    Returns:
        `{"score": (n,)}` (binary: probability of the second class; regression: the value) or
        `{"probabilities": (n, k)}`.
    """
    return predictor(model)(columns)


def predictor(model: Any, *, threads: int = 1) -> Predict:
    """Compile the call for one model.

    Args:
        model: A LightGBM or scikit-learn model.
        threads: CPU threads that a LightGBM booster may use for one call.
    """
    booster = getattr(model, "booster_", model if type(model).__name__ == "Booster" else None)
    if booster is not None and type(model).__module__.startswith("lightgbm"):
        return _of_booster(booster, threads)
    call, shape = _method(model)
    return _EitherForm(call, shape)


def _of_booster(booster: Any, threads: int) -> Predict:
    def call(columns: Columns) -> Outputs:
        raw = np.asarray(booster.predict(matrix(columns), num_threads=threads))
        return {"score": raw} if raw.ndim == 1 else {"probabilities": raw}

    return call


def _method(model: Any) -> tuple[Callable[[Any], Any], Callable[[np.ndarray], Outputs]]:
    if hasattr(model, "predict_proba"):
        return model.predict_proba, _of_probabilities
    classes = getattr(model, "classes_", None)
    if classes is None:
        return model.predict, lambda raw: {"score": np.asarray(raw, dtype=np.float64)}
    return model.predict, lambda raw: _of_probabilities((np.asarray(raw)[:, None] == classes).astype(np.float64))


def _of_probabilities(raw: Any) -> Outputs:
    table = np.asarray(raw, dtype=np.float64)
    return {"score": table[:, 1]} if table.ndim == 2 and table.shape[1] == 2 else {"probabilities": table}


class _EitherForm:
    """Asks with a matrix; a model that only takes a table with names is asked with one from then on.

    The first call decides, which is the example at load. Only that first call falls back: later failures are the
    model's own.
    """

    def __init__(self, call: Callable[[Any], Any], shape: Callable[[np.ndarray], Outputs]) -> None:
        self._call = call
        self._shape = shape
        self._form: Callable[[Columns], Any] | None = None

    def __call__(self, columns: Columns) -> Outputs:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            if self._form is not None:
                return self._shape(self._call(self._form(columns)))
            try:
                outputs = self._shape(self._call(matrix(columns)))
                self._form = matrix
            except (ValueError, TypeError, AttributeError, KeyError, IndexError):
                outputs = self._shape(self._call(_table(columns)))
                self._form = _table
            return outputs


def _table(columns: Columns) -> Any:
    # Few models need a table, and a probation child should be up soon.
    import polars as pl

    return pl.DataFrame(dict(columns))
