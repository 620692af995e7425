"""Direct calls that may pass: on rows that they do not cover, the model's own method answers."""

import warnings
from collections.abc import Callable

import numpy as np

from loopwright.serving.native.matrix_call import MatrixCall

RowsCall = Callable[[np.ndarray], np.ndarray | None]
"""(n, k) float64 → (n,) or (n, c) float64, or None where the model's own method must be asked."""

_TRIAL_ROWS = 5


def with_own_method(direct: RowsCall, own: MatrixCall, width: int) -> MatrixCall:
    """`direct`, and `own` for what it does not cover; `own` alone where the two do not agree.

    A direct call reads a model's fitted state, whose form another release of its library may change. So a few rows are
    asked both ways first.

    Args:
        direct: The direct call.
        own: The model's own method.
        width: Columns that the model takes.
    """
    if not _agree(direct, own, width):
        return own

    def call(rows: np.ndarray) -> np.ndarray:
        answer = direct(rows)
        return own(rows) if answer is None else answer

    return call


def _agree(direct: RowsCall, own: MatrixCall, width: int) -> bool:
    trial = np.random.default_rng(0).normal(size=(_TRIAL_ROWS, width)) * 10.0 ** np.arange(-2, _TRIAL_ROWS - 2)[:, None]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = direct(trial)
            return found is not None and np.array_equal(found, own(trial))
    except Exception:  # noqa: BLE001 - boundary: a library's inner form that is not known here; its own method answers
        return False
