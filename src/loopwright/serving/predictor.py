"""From a trained model to a function from columns, or from a matrix, to scores.

A model of a library that is known is called directly (`native`). Any other answers `predict_proba` or `predict`, with a
matrix where it takes one and a table where it insists on names.
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.composed import columns_beside
from loopwright.serving.native.matrix_call import MatrixCall
from loopwright.serving.native.own_method import own_method

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
        model: Any model that a bundle may hold.
        columns: Name → (n,), in the order the model was trained with.

    Returns:
        `{"score": (n,)}` (binary: probability of the second class; regression: the value) or
        `{"probabilities": (n, k)}`.
    """
    known = _SERVED.get(id(model))
    return predictor(model)(columns) if known is None else known.predictor()(columns)


def remembered(model: Any, call: Predict, *, threads: int) -> Predict:
    """`call`, which builds on `predict(model, …)`: as long as it lives, the model's own call is compiled only once."""
    _SERVED[id(model)] = _Served(model, threads)
    weakref.finalize(call, _SERVED.pop, id(model), None)
    return call


class _Served:
    """A model that does not change any more, and its call once it is wanted."""

    def __init__(self, model: Any, threads: int) -> None:
        self._model = model
        self._threads = threads
        self._predictor: Predictor | None = None

    def predictor(self) -> "Predictor":
        if self._predictor is None:
            self._predictor = predictor(self._model, threads=self._threads)
        return self._predictor


_SERVED: dict[int, _Served] = {}


def score_columns(models: Sequence[Any], features: Any) -> np.ndarray:
    """Features with what models say of them beside: what the final model of a `Stack` is trained on.

    Args:
        models: Trained models, as in `Stack(models, final)`.
        features: n rows, (n, k), as the models were trained on them: a table or a matrix.

    Returns:
        (n, k + m): one column more for each model, or one for each class where there are more than two.
    """
    rows = np.ascontiguousarray(features, dtype=np.float64)
    calls = [native_call(model, 1) or own_method(model) for model in models]
    return columns_beside(calls, rows)


def predictor(model: Any, *, threads: int = 1) -> "Predictor":
    """Compile the call for one model.

    Args:
        model: A model of a library that has a direct call (`native`), an ensemble, or any with `predict_proba` or
            `predict`.
        threads: CPU threads for one call, where the library lets them be chosen.
    """
    direct = native_call(model, threads)
    return Predictor(own_method(model), takes_matrix=None) if direct is None else Predictor(direct, takes_matrix=True)


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


def _table(columns: Columns) -> Any:
    # Few models need a table, and a probation child should be up soon.
    import polars as pl

    return pl.DataFrame(dict(columns))
