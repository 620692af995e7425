import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.features.columns import column, running_sums


@given(st.lists(st.floats(-1e12, 1e12), max_size=30), st.data())
def test_the_sum_of_every_range_is_right_to_its_last_digits(values, data):
    low = data.draw(st.integers(0, len(values)))
    high = data.draw(st.integers(low, len(values)))
    found = running_sums(np.array(values, np.float64)).between(np.array([low]), np.array([high]))[0]
    truth = math.fsum(values[low:high])
    largest = max(map(abs, values), default=0.0)
    assert found == pytest.approx(truth, rel=1e-13, abs=1e-28 * largest * len(values))


def test_a_small_range_behind_huge_values_keeps_its_digits():
    values = np.array([1e16, 1.0, 2.0, 3.0])
    assert running_sums(values).between(np.array([1]), np.array([4]))[0] == 6.0


def test_whole_numbers_lose_nothing():
    assert running_sums(np.arange(100.0)).lost is None


def test_what_is_not_finite_is_no_value():
    found = column(np.array([1.0, np.nan, np.inf, 4.0]))
    assert found.values.tolist() == [1.0, 4.0]
    assert found.before.tolist() == [0, 1, 1, 1, 2]
    assert found.rows.tolist() == [0, 3]


def test_a_full_column_needs_no_positions():
    found = column(np.array([1.0, 2.0]))
    assert (found.before, found.rows) == (None, None)
