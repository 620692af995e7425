"""Checked records as the matrix that a model takes, row by row and without an array for each column."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np

from loopwright.core.schema import Column, Signature
from loopwright.serving.record import Record

_NAN = math.nan
_UNSEEN = -1.0
_NO_FEATURES: Mapping[str, Any] = {}


class MatrixForm:
    """Lays out the features of one signature."""

    def __init__(self, signature: Signature) -> None:
        asked = [column.name for column in signature.request]
        self._names = tuple(column.name for column in signature.features)
        self._joined = tuple(name not in asked for name in self._names)
        self._codes = tuple(
            (index, _codes(column)) for index, column in enumerate(signature.features) if column.kind == "category"
        )
        self._of_record = None if any(self._joined) else _picker([asked.index(name) for name in self._names])
        self._pack = struct.Struct(f"{len(self._names)}d").pack_into
        self._row_bytes = 8 * len(self._names)

    def of(self, rows: Sequence[Any], joined: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The features of n records.

        Args:
            rows: `Record`s or `Checked`s.
            joined: Feature values of the same n records; may be empty where no feature is joined.

        Returns:
            (n, k) float64, C-contiguous, in the signature's order: NaN for null; a category's code, -1 for a null or
            unseen one.
        """
        made = np.empty((len(rows), len(self._names)))
        pack, codes, of_record, at = self._pack, self._codes, self._of_record, 0
        into: Any = made
        for index, row in enumerate(rows):
            if of_record is not None and isinstance(row, Record):
                numbers = of_record(msgspec.structs.astuple(row))
            else:
                numbers = self._looked_up(row.values, joined[index] if joined else _NO_FEATURES)
            if codes:
                numbers = list(numbers)
                for position, of_level in codes:
                    numbers[position] = of_level(numbers[position], _UNSEEN)
            if None in numbers:
                numbers = [_NAN if number is None else number for number in numbers]
            pack(into, at, *numbers)
            at += self._row_bytes
        return made

    def _looked_up(self, values: Mapping[str, Any], joined: Mapping[str, Any]) -> Sequence[Any]:
        return [
            (joined if is_joined else values).get(name)
            for name, is_joined in zip(self._names, self._joined, strict=True)
        ]


def _codes(column: Column) -> Callable[[Any, float], float]:
    return {level: float(code) for code, level in enumerate(column.categories or ())}.get


def _picker(positions: Sequence[int]) -> Callable[[tuple[Any, ...]], Sequence[Any]]:
    """Takes the values of a record, gives those at the positions."""
    if list(positions) == list(range(len(positions))):
        count = len(positions)
        return lambda values: values[:count]
    return itemgetter(*positions) if len(positions) > 1 else lambda values: (values[positions[0]],)
