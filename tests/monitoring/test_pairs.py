"""Dependence by signs: counted exactly, comparable with correlation, and not chosen on the rows that are counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.monitoring.pairs import (
    MOST_PAIRS,
    Pair,
    choose_pairs,
    correlation_of,
    count_pairs,
    middle_of,
    signs_of,
)

VALUES = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 2.0, np.nan]), st.sampled_from([-1.0, 3.0, np.nan])), max_size=70
)


@given(VALUES)
def test_counts_are_those_of_the_rows_one_by_one(rows):
    first = np.array([a for a, _ in rows], dtype=float)
    second = np.array([b for _, b in rows], dtype=float)
    counted = count_pairs({"a": signs_of(first, 0.0), "b": signs_of(second, 1.0)}, [("a", "b")])
    known = [(a >= 0, b >= 1) for a, b in rows if not (np.isnan(a) or np.isnan(b))]
    assert counted.tolist() == [[sum(a == b for a, b in known), sum(a != b for a, b in known)]]


def test_a_pair_with_a_column_that_is_not_there_counts_nothing():
    signs = {"a": signs_of(np.arange(9.0), 4.0)}
    assert count_pairs(signs, [("a", "gone"), ("a", "a")]).tolist() == [[0, 0], [9, 0]]


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.5])
def test_the_correlation_of_normal_columns_is_found_again(correlation):
    rng = np.random.default_rng(0)
    first = rng.normal(size=100_000)
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=100_000)
    (together, apart) = count_pairs({"a": signs_of(first, 0.0), "b": signs_of(second, 0.0)}, [("a", "b")])[0]
    assert correlation_of(together, apart) == pytest.approx(correlation, abs=0.015)
    assert np.isnan(correlation_of(0, 0))


def test_the_middle_halves_even_where_most_values_are_the_least():
    assert middle_of(np.array([1.0, 2.0, 3.0, np.nan])) == 2.0
    assert middle_of(np.array([0.0, 0.0, 0.0, 5.0, 7.0])) == 5.0
    assert middle_of(np.full(9, 3.0)) is None
    assert middle_of(np.array([np.nan])) is None


def test_the_strongest_of_many_pairs_are_chosen_and_not_counted_on_the_rows_that_chose_them():
    rng = np.random.default_rng(1)
    columns = {f"c{i}": rng.normal(size=2_000) for i in range(60)}
    columns["c7"] = columns["c50"] + 0.1 * rng.normal(size=2_000)
    pairs, rows = choose_pairs(columns)
    assert len(pairs) == len(set(pairs)) == MOST_PAIRS
    assert ("c7", "c50") in pairs
    assert rows is not None
    assert rows.sum() == 1_000
    signs = {name: signs_of(values[rows], 0.0) for name, values in columns.items()}
    counted = count_pairs(signs, [pair for pair in pairs if pair != ("c7", "c50")])
    strength = np.abs(counted[:, 0] / counted.sum(axis=1) - 0.5)
    assert strength.mean() == pytest.approx(np.sqrt(2 / np.pi) * 0.5 / np.sqrt(1_000), rel=0.1)


def test_few_columns_have_all_their_pairs_on_all_rows():
    pairs, rows = choose_pairs({name: np.arange(5.0) for name in "abc"})
    assert pairs == (("a", "b"), ("a", "c"), ("b", "c"))
    assert rows is None
    assert Pair(first="a", second="b", concordant=1, discordant=2).name == "a ~ b"
