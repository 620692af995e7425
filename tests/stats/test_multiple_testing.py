"""Holm's correction."""

import numpy as np
import pytest

from loopwright.stats.multiple_testing import holm


def test_the_textbook_example():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_adjusted_values_never_exceed_one_and_keep_the_order():
    p = np.array([0.2, 0.9, 0.5, 0.6])
    adjusted = holm(p)
    assert adjusted.max() == 1.0
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_an_unknown_p_value_stays_unknown_and_is_not_counted():
    adjusted = holm(np.array([np.nan, 0.01, 0.02]))
    assert np.isnan(adjusted[0])
    assert adjusted[1:] == pytest.approx([0.02, 0.02])


def test_no_questions_give_no_answers():
    assert holm(np.array([])).size == 0


def test_weights_share_alpha_out_and_what_is_rejected_hands_its_share_on():
    found = holm(np.array([0.004, 0.02, np.nan]), np.array([3.0, 1.0, 5.0]))
    assert found[:2] == pytest.approx([0.004 / 3 * 4, 0.02])
    assert np.isnan(found[2])
    assert holm(np.array([0.01, 0.02])) == pytest.approx(holm(np.array([0.01, 0.02]), np.array([7.0, 7.0])))
