"""Dependence: a broken correlation is found, each pair with its own p-value."""

import numpy as np
import pytest

from loopwright.monitoring.detectors.pair_signs import PairSigns
from loopwright.monitoring.pairs import Pair

PAIRS = (
    Pair(first="a", second="b", concordant=3_300, discordant=700),
    Pair(first="a", second="c", concordant=2_000, discordant=2_000),
)


def test_a_broken_pair_is_told_from_a_steady_one():
    found = PairSigns().measure(PAIRS, np.array([[250, 150], [205, 195]]))
    assert found.before.tolist() == pytest.approx([0.5, 0.0], abs=0.01)
    assert found.effects[0] == pytest.approx(-0.3, abs=0.03)
    assert found.p_values[0] < 1e-10
    assert found.p_values[1] > 0.3


def test_a_pair_without_rows_is_undefined():
    found = PairSigns().measure(PAIRS[:1], np.array([[0, 0]]))
    assert np.isnan(found.p_values[0])
    assert np.isnan(found.effects[0])
    assert PairSigns().measure((), np.zeros((0, 2))).p_values.size == 0


def test_rows_that_are_worth_less_prove_less_of_the_same_effect():
    counts = np.array([[250, 150], [205, 195]])
    full = PairSigns().measure(PAIRS, counts)
    same = PairSigns().measure(PAIRS, counts, worth=np.ones((2, 2)))
    less = PairSigns().measure(PAIRS, counts, worth=np.full((2, 2), 0.1))
    np.testing.assert_array_equal(full.p_values, same.p_values)
    np.testing.assert_array_equal(full.effects, less.effects)
    assert full.p_values[0] < less.p_values[0] / 10
    window = PairSigns().measure(PAIRS, counts, worth=np.array([[1.0, 0.1]] * 2))
    np.testing.assert_allclose(window.p_values, PairSigns().measure(PAIRS, counts / 10).p_values)
    fewer = [Pair(first=p.first, second=p.second, concordant=p.concordant // 10, discordant=p.discordant // 10)
             for p in PAIRS]  # fmt: skip
    reference = PairSigns().measure(PAIRS, counts, worth=np.array([[0.1, 1.0]] * 2))
    np.testing.assert_allclose(reference.p_values, PairSigns().measure(fewer, counts).p_values)
    none = PairSigns().measure(PAIRS, counts, worth=np.full((2, 2), 1e-6))
    assert np.isnan(none.p_values).all()  # nothing is asked where a side is worth no row
