"""Means over cases and differences of paired shares."""

import numpy as np
import pytest

from loopwright.stats.resampled_means import mean_interval, share_difference, sign_test


@pytest.mark.parametrize("n", [8, 60])
def test_the_interval_of_a_mean_holds_it_as_often_as_it_says(n):
    rng = np.random.default_rng(3)
    inside = sum(
        span.low <= 0.5 <= span.high
        for span in (mean_interval(rng.random(n), rng=np.random.default_rng(1)) for _ in range(400))
    )
    assert 0.92 <= inside / 400 <= 0.985


def test_a_mean_of_one_value_or_of_nan_is_unknown():
    rng = np.random.default_rng(0)
    assert not mean_interval(np.array([1.0]), rng=rng).known
    assert not mean_interval(np.array([]), rng=rng).known
    assert not mean_interval(np.array([1.0, np.nan]), rng=rng).known


def test_a_great_many_values_are_drawn_in_parts():
    span = mean_interval(np.arange(50_000) % 2 * 1.0, rng=np.random.default_rng(0))
    assert span.low == pytest.approx(0.5 - 0.00438, abs=0.0008)


@pytest.mark.parametrize(("p_won", "p_lost", "n"), [(0.1, 0.1, 40), (0.05, 0.02, 100), (0.3, 0.1, 30)])
def test_the_interval_of_a_difference_of_pairs_holds_it_as_often_as_it_says(p_won, p_lost, n):
    rng = np.random.default_rng(9)
    draws = rng.choice([1.0, -1.0, 0.0], p=[p_won, p_lost, 1 - p_won - p_lost], size=(1000, n))
    spans = [share_difference(row) for row in draws]
    inside = sum(span.low <= p_won - p_lost <= span.high for span in spans)
    assert 0.93 <= inside / 1000 <= 0.995


def test_pairs_that_all_agree_still_have_an_interval():
    span = share_difference(np.zeros(20))
    assert span.value == 0.0
    assert span.low < -0.05 < 0.05 < span.high


def test_the_sign_test_is_mcnemars_exact_one():
    assert sign_test(0, 0) == 1.0
    assert sign_test(5, 5) == 1.0
    assert sign_test(8, 1) == pytest.approx(2 * (1 + 9) / 512)
    assert sign_test(1, 8) == sign_test(8, 1)
