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
    cuts_of,
    signs_of,
)

VALUES = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 2.0, np.nan]), st.sampled_from([-1.0, 1.0, 3.0, np.nan])), max_size=70
)


def _end(value, low, high):
    return 1 if value >= high else -1 if value <= low else 0


@given(VALUES)
def test_counts_are_those_of_the_rows_one_by_one(rows):
    first = np.array([a for a, _ in rows], dtype=float)
    second = np.array([b for _, b in rows], dtype=float)
    counted = count_pairs({"a": signs_of(first, (-1.0, 2.0)), "b": signs_of(second, (-1.0, 1.0))}, [("a", "b")])
    products = [_end(a, -1.0, 2.0) * _end(b, -1.0, 1.0) for a, b in rows]
    assert counted.tolist() == [[products.count(1), products.count(-1)]]


def test_a_pair_with_a_column_that_is_not_there_counts_nothing():
    signs = {"a": signs_of(np.arange(9.0), (2.0, 6.0))}
    assert count_pairs(signs, [("a", "gone"), ("a", "a")]).tolist() == [[0, 0], [6, 0]]


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.25, 0.5, 0.93])
def test_the_correlation_of_normal_columns_is_found_again(correlation):
    rng = np.random.default_rng(0)
    first = rng.normal(size=100_000)
    second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=100_000)
    (together, apart) = count_pairs(
        {"a": signs_of(first, cuts_of(first)), "b": signs_of(second, cuts_of(second))}, [("a", "b")]
    )[0]
    assert correlation_of(together, apart) == pytest.approx(correlation, abs=0.02)
    assert np.isnan(correlation_of(0, 0))


def test_the_ends_are_three_tenths_each_or_next_to_it():
    low, high = cuts_of(np.append(np.arange(101.0), np.nan))
    assert (low, high) == (30.0, 70.0)
    assert cuts_of(np.array([0.0] * 8 + [5.0, 7.0])) == (0.0, 5.0)
    assert cuts_of(np.array([1.0, 3.0] + [5.0] * 8)) == (3.0, 5.0)
    assert cuts_of(np.array([0.0, 1.0])) == (0.0, 1.0)
    assert cuts_of(np.full(9, 3.0)) is None
    assert cuts_of(np.array([np.nan])) is None


def test_the_strongest_of_many_pairs_are_chosen_and_not_counted_on_the_rows_that_chose_them():
    rng = np.random.default_rng(1)
    columns = {f"c{i}": rng.normal(size=2_000) for i in range(60)}
    columns["c7"] = columns["c50"] + 0.1 * rng.normal(size=2_000)
    pairs, rows = choose_pairs(columns)
    assert len(pairs) == len(set(pairs)) == MOST_PAIRS
    assert ("c7", "c50") in pairs
    assert rows is not None
    assert rows.sum() == 1_000
    signs = {name: signs_of(values[rows], (-0.5, 0.5)) for name, values in columns.items()}
    counted = count_pairs(signs, [pair for pair in pairs if pair != ("c7", "c50")])
    strength = np.abs(counted[:, 0] / counted.sum(axis=1) - 0.5)
    assert strength.mean() == pytest.approx(np.mean(np.sqrt(2 / np.pi) * 0.5 / np.sqrt(counted.sum(axis=1))), rel=0.1)


def test_few_columns_have_all_their_pairs_on_all_rows():
    pairs, rows = choose_pairs({name: np.arange(5.0) for name in "abc"})
    assert pairs == (("a", "b"), ("a", "c"), ("b", "c"))
    assert rows is None
    assert Pair(first="a", second="b", concordant=1, discordant=2).name == "a ~ b"


@given(st.lists(st.one_of(st.floats(-5, 5), st.integers(-2, 2).map(float)), min_size=1, max_size=60))
def test_ends_are_values_of_the_column_three_tenths_in(values):
    values = np.array(values)
    low, high = (float(cut) for cut in np.quantile(values, (0.3, 0.7), method="nearest"))
    found = cuts_of(values)
    if np.unique(values).size == 1:
        assert found is None
    elif low < high:
        assert found == (low, high)
    else:
        assert found == (
            (low, values[values > low].min()) if (values > low).any() else (values[values < low].max(), high)
        )
