"""From a trained model to a function from columns, or from a matrix, to scores.

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
MatrixCall = Callable[[np.ndarray], np.ndarray]
"""(n, k) C-contiguous float64, columns in the model's order → (n,) scores or (n, c) probabilities, float64."""


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


def predictor(model: Any, *, threads: int = 1) -> "Predictor":
    """Compile the call for one model.

    Args:
        model: A LightGBM or scikit-learn model.
        threads: CPU threads that a LightGBM booster may use for one call.
    """
    booster = getattr(model, "booster_", model if type(model).__name__ == "Booster" else None)
    if booster is not None and type(model).__module__.startswith("lightgbm"):
        return Predictor(lambda rows: np.asarray(booster.predict(rows, num_threads=threads)), takes_matrix=True)
    return Predictor(_method(model), takes_matrix=None)


class Predictor:
    """Asks a model with a matrix; one that only takes a table with names is asked with one from then on.

    Where it is not known beforehand, the first call decides, which is the example at load. Only that first call falls
    back: later failures are the model's own.

    Args:
        call: The model, from a matrix or a table to (n,) or (n, c).
        takes_matrix: Whether it takes a matrix; None: the first call tells.
    """

    def __init__(self, call: Callable[[Any], np.ndarray], *, takes_matrix: bool | None) -> None:
        self._call = call
        self._takes_matrix = takes_matrix

    @property
    def of_matrix(self) -> MatrixCall | None:
        """The call past the columns, where the model is known to take a matrix."""
        return self._call if self._takes_matrix else None

    def __call__(self, columns: Columns) -> Outputs:
        if self._takes_matrix is not None:
            return _named(self._call(matrix(columns) if self._takes_matrix else _table(columns)))
        try:
            answer = self._call(matrix(columns))
            self._takes_matrix = True
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            answer = self._call(_table(columns))
            self._takes_matrix = False
        return _named(answer)


def _named(answer: np.ndarray) -> Outputs:
    return {"score" if answer.ndim == 1 else "probabilities": answer}


def _method(model: Any) -> Callable[[Any], np.ndarray]:
    if hasattr(model, "predict_proba"):
        return _quiet(lambda given: _of_probabilities(model.predict_proba(given)))
    classes = getattr(model, "classes_", None)
    if classes is None:
        return _quiet(lambda given: np.asarray(model.predict(given), dtype=np.float64))
    return _quiet(lambda given: _of_probabilities(np.asarray(model.predict(given))[:, None] == classes))


def _quiet(call: Callable[[Any], np.ndarray]) -> Callable[[Any], np.ndarray]:
    def quiet(given: Any) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            return call(given)

    return quiet


def _of_probabilities(raw: Any) -> np.ndarray:
    table = np.asarray(raw, dtype=np.float64)
    return table[:, 1] if table.ndim == 2 and table.shape[1] == 2 else table


def _table(columns: Columns) -> Any:
    # Few models need a table, and a probation child should be up soon.
    import polars as pl

    return pl.DataFrame(dict(columns))
