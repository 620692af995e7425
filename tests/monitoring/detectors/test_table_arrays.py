"""Tables as standardised arrays."""

import numpy as np
import polars as pl
import pytest

from loopwright.monitoring.detectors.table_arrays import numbers, ranked, standardised


def test_nulls_and_infinities_are_missing():
    table = pl.DataFrame({"a": [1.0, None, float("inf")], "b": [True, False, None]})
    assert numbers(table) == pytest.approx(np.asarray([[1, 1], [np.nan, 0], [np.nan, np.nan]]), nan_ok=True)


def test_both_go_by_the_first_ones_mean_and_spread():
    base, other = standardised(np.asarray([[1.0, 5], [3, 5], [np.nan, 5]]), np.asarray([[4.0, 7], [np.nan, 1e9]]))
    assert base == pytest.approx(np.asarray([[-1, 0], [1, 0], [0, 0]]))
    assert other == pytest.approx(np.asarray([[2, 2], [0, 10]]))


def test_a_column_without_values_is_zero():
    base, other = standardised(np.full((2, 1), np.nan), np.asarray([[3.0]]))
    assert base.tolist() == [[0], [0]]
    assert np.isfinite(other).all()


def test_the_strongest_come_first_and_nothing_that_did_not_move():
    assert ranked(["a", "b", "c"], np.asarray([0.1, 0.5, 0.0]), "by") == (
        {"column": "b", "by": 0.5},
        {"column": "a", "by": 0.1},
    )
