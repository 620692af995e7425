"""Rows by value: each once, nulls together, whatever the column's type."""

import numpy as np
import pytest

from loopwright.gates.groups import groups_of


def test_groups_hold_each_row_once_and_nulls_together() -> None:
    values = np.array([2.5, None, float("nan"), "b", 2.5, "a"], dtype=object)
    assert {level: rows.tolist() for level, rows in groups_of(values)} == {
        "2.5": [0, 4],
        "a": [5],
        "b": [3],
        "null": [1, 2],
    }
    assert list(groups_of(np.array([]))) == []


@pytest.mark.parametrize("values", [np.array([True, False, True]), np.array([1, 2, 1]), np.array(["x", "y", "x"])])
def test_groups_take_any_kind_of_column(values: np.ndarray) -> None:
    assert sorted(rows.tolist() for _, rows in groups_of(values)) == [[0, 2], [1]]
