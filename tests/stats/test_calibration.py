"""Calibration of probabilities."""

import numpy as np
import pytest

from loopwright.stats.calibration import calibration


def drawn(n=20_000, *, sharper=1.0, more=0.0, seed=0):
    """Labels, and claims whose log odds are `sharper` times the true ones, less `more`."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.2, n)
    truth = rng.random(n) < 1 / (1 + np.exp(-odds))
    return truth, 1 / (1 + np.exp(-(sharper * odds - more))), np.arange(n) // 1000


def test_honest_chances_have_slope_one_and_an_error_near_nought():
    truth, claimed, blocks = drawn()
    found = calibration(truth, claimed, blocks=blocks)
    assert found.slope == pytest.approx(1.0, abs=0.05)
    assert found.intercept == pytest.approx(0.0, abs=0.05)
    assert found.error.value < 0.02
    assert found.curve.count.sum() == truth.size


def test_answers_too_sure_of_themselves_have_a_slope_below_one():
    truth, claimed, blocks = drawn(sharper=2.0)
    found = calibration(truth, claimed, blocks=blocks)
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.error.low > 0.05


def test_more_positives_than_claimed_have_an_intercept_above_nought():
    truth, claimed, blocks = drawn(more=0.7)
    assert calibration(truth, claimed, blocks=blocks).intercept == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("truth", [np.zeros(50, dtype=bool), np.ones(50, dtype=bool)])
def test_one_class_has_no_slope(truth):
    found = calibration(truth, np.linspace(0.1, 0.9, 50), blocks=np.arange(50) // 10)
    assert np.isnan(found.slope)
    assert np.isnan(found.intercept)


def test_a_score_that_is_no_number_makes_it_unknown():
    truth, claimed, blocks = drawn(1000)
    claimed[3] = np.nan
    found = calibration(truth, claimed, blocks=blocks)
    assert not found.error.known
    assert np.isnan(found.slope)
    assert found.curve.count.size == 0


def test_chances_of_nought_and_one_do_not_break_it():
    truth = np.asarray([True] * 20 + [False] * 20)
    found = calibration(truth, truth.astype(float), blocks=np.arange(40) // 10)
    assert found.error.value == pytest.approx(0.0)
