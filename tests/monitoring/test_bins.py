"""Frozen bins count every row once, whatever it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.monitoring.bins import (
    Bins,
    block_counts,
    category_bins,
    cell_table,
    named_blocks,
    numeric_bins,
    ordered_sample,
    quantiles_of,
)

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=50)


@given(NUMBERS, NUMBERS)
def test_every_value_has_exactly_one_bin(reference, later):
    bins = numeric_bins(np.array(reference, dtype=float))
    places = bins.place(np.array(later, dtype=float))
    assert places.shape == (len(later),)
    assert ((places >= 0) & (places < bins.count)).all()
    assert ((places == bins.count - 1) == np.isnan(np.array(later, dtype=float))).all()


def test_reference_values_never_fall_in_the_outer_bins_and_values_beyond_them_do():
    values = np.arange(100.0)
    bins = numeric_bins(values)
    inside = np.bincount(bins.place(values), minlength=bins.count)
    assert inside[0] == inside[-2] == inside[-1] == 0
    assert bins.place(np.array([-1.0, 100.0])).tolist() == [0, bins.count - 2]
    assert inside[1:-2].size == 32
    assert inside[1:-2] == pytest.approx(100 / 32, abs=1)


def test_a_constant_column_still_sees_another_value():
    bins = numeric_bins(np.full(50, 3.0))
    assert len(set(bins.place(np.array([2.0, 3.0, 4.0, np.nan])))) == 4


def test_a_column_that_was_never_known_has_a_bin_for_values_and_one_for_none():
    bins = numeric_bins(np.array([np.nan, np.nan]))
    assert bins.place(np.array([1.0, np.nan])).tolist() == [0, 1]


def test_one_edge_is_the_median_and_halves_the_bins():
    values = np.random.default_rng(0).normal(size=1_001)
    bins = numeric_bins(values)
    assert bins.edges.index(np.median(values)) == len(bins.edges) // 2


def test_a_value_of_great_mass_has_a_bin_of_its_own():
    values = np.concatenate([np.zeros(500), np.linspace(0.001, 1.0, 500)])
    bins = numeric_bins(values)
    inside = np.bincount(bins.place(values), minlength=bins.count)
    assert inside[bins.place(np.array([0.0]))[0]] == 500


def test_unseen_levels_and_missing_values_have_a_bin_each():
    bins = category_bins(np.array([0, 1, 2, -1]), 3)
    assert bins.count == 5
    assert bins.place(np.array([0, 1, 2, -1, 3, 7])).tolist() == [0, 1, 2, 4, 3, 3]
    assert not bins.ordered


def test_in_bins_of_format_1_unseen_levels_count_as_missing():
    bins = Bins(bin_of_code=(0, 1, 2))
    assert bins.place(np.array([0, 1, 2, -1, 7])).tolist() == [0, 1, 2, 3, 3]


def test_rare_levels_of_a_wide_category_share_a_bin():
    codes = np.concatenate([np.full(10, 70), np.arange(100)])
    bins = category_bins(codes, 100)
    assert bins.count == 32
    assert bins.place(np.array([70]))[0] == 0
    assert bins.place(np.array([98]))[0] == bins.place(np.array([99]))[0] == 29


def test_counts_add_up_by_block():
    counted = block_counts(np.array([0, 1, 1, 2]), np.array([5, 5, 9, 9]), 3)
    assert counted == {5: (1, 1, 0), 9: (0, 1, 1)}


def test_a_category_without_levels_holds_only_unseen_and_missing_values():
    assert category_bins(np.array([-1, -1]), 0) == Bins(bin_of_code=(), unseen=True)
    assert category_bins(np.array([-1]), 0).place(np.array([-1, 3])).tolist() == [1, 0]


@given(NUMBERS.filter(lambda values: np.isfinite(values).any()), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9))
def test_quantiles_of_what_is_in_order_are_numpys(values, at):
    values = np.array(values, dtype=float)
    assert quantiles_of(ordered_sample(values), at) == pytest.approx(
        np.quantile(values[np.isfinite(values)], at), rel=1e-12, abs=1e-300
    )


def test_bins_are_the_same_whether_the_order_is_known_or_not():
    values = np.append(np.random.default_rng(0).normal(size=500), [np.nan, np.inf])
    assert numeric_bins(values) == numeric_bins(values, ordered=ordered_sample(values))


def test_a_table_of_cells_has_only_blocks_with_rows():
    names, position = named_blocks(np.array([4, 4, 7, 9]))
    kept = np.array([True, True, False, True])
    blocks, counted = cell_table(np.array([0, 1, 1]), (names, position[kept]), 2)
    assert blocks.tolist() == [4, 9]
    assert counted.tolist() == [[1, 1], [0, 1]]
