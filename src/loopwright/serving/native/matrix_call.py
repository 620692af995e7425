"""The form that every direct call has."""

from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.errors import UsageError

MatrixCall = Callable[[np.ndarray], np.ndarray]
"""(n, k) C-contiguous float64, columns in the model's order → (n,) scores or (n, c) probabilities, float64."""

_FLOAT64 = np.dtype(np.float64)


def of_width(rows: np.ndarray, width: int) -> np.ndarray:
    """`rows` as a C library may read them: (n, `width`) float64, contiguous and writeable; copied only where needed.

    Raises:
        UsageError: They have another number of columns; a library that reads memory would read past them.
    """
    if rows.ndim != 2 or rows.shape[1] != width:
        raise UsageError(f"a model of {width} columns was given an array of shape {rows.shape}")
    flags = rows.flags
    if rows.dtype is _FLOAT64 and flags.c_contiguous and flags.writeable:
        return rows
    return np.array(rows, dtype=np.float64, order="C")


def score_of(answer: Any) -> np.ndarray:
    """(n,) of the second class where there are two, else the table or the values as they are."""
    table = np.asarray(answer, dtype=np.float64)
    return table[:, 1] if table.ndim == 2 and table.shape[1] == 2 else table
