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
