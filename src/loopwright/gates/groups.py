"""Rows by the value of a column, as rules about slices and about fairness see them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import AnyArray

NULL = "null"


def groups_of(values: AnyArray) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Each value as text, with the positions of its rows, in the order of the text; None and NaN are `null`."""
    names = np.array([_text(value) for value in np.asarray(values).tolist()], dtype=object)
    if not names.size:
        return
    levels, codes = np.unique(names.astype(str), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=levels.size))
    for level, rows in zip(levels, np.split(order, ends[:-1]), strict=True):
        yield str(level), rows


def _text(value: object) -> str:
    return NULL if value is None or value != value else str(value)  # noqa: PLR0124 - NaN is the value unlike itself
