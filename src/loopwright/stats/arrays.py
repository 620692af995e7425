"""The array types that every statistic takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""float64, shape (n,) unless the docstring says otherwise."""

Bools = NDArray[np.bool_]
"""bool, shape (n,)."""

AnyArray = NDArray[Any]
"""Of any type: labels may be booleans, integers or strings."""


def floats(values: Any) -> Floats:
    """`values` as float64, without a copy where they are already."""
    return np.asarray(values, dtype=np.float64)


def positive_mask(label: AnyArray, classes: tuple[Any, ...]) -> Bools:
    """Which rows carry the positive class: the second of `classes`, or the true ones where no classes are named.

    Args:
        label: (n,) labels of any type.
        classes: `(negative, positive)`, or empty.
    """
    array = np.asarray(label)
    if len(classes) < 2:
        return np.asarray(array.astype(bool))
    return np.asarray(array == classes[1], dtype=bool)


def class_codes(label: AnyArray, classes: tuple[Any, ...]) -> NDArray[np.int64]:
    """(n,) position of each label in `classes`; -1 for a label that is not among them."""
    array = np.asarray(label)
    codes = np.full(array.shape[0], -1, dtype=np.int64)
    for code, name in enumerate(classes):
        codes[np.asarray(array == name, dtype=bool)] = code
    return codes


def average_ranks(values: Floats) -> Floats:
    """(n,) ranks from 1, ties sharing the mean of their ranks."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.concatenate((starts[1:], [values.size]))
    ranks = np.empty(values.size, dtype=np.float64)
    ranks[order] = np.repeat((starts + ends + 1) / 2.0, ends - starts)
    return ranks
