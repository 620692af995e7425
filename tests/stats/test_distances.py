"""Distances agree with SciPy, and are unknown where a side is empty."""

import numpy as np
import pytest
from scipy import spatial, stats

from loopwright.stats import distances

P = np.array([10.0, 30.0, 60.0])
Q = np.array([200.0, 300.0, 500.0])


def test_jensen_shannon_agrees_with_scipy_and_reaches_one_for_disjoint_counts():
    assert distances.jensen_shannon(P, Q) == pytest.approx(spatial.distance.jensenshannon(P, Q, base=2))
    assert distances.jensen_shannon(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(1.0)


def test_psi_is_the_textbook_sum_when_no_count_is_added():
    p, q = P / P.sum(), Q / Q.sum()
    assert distances.psi(P, Q, pseudo_count=0.0) == pytest.approx(np.sum((p - q) * np.log(p / q)))


def test_psi_is_finite_for_an_empty_bin():
    assert 1 < distances.psi(np.array([100.0, 0.0]), np.array([50.0, 50.0])) < 10


def test_total_variation_and_ks_over_bins():
    assert distances.total_variation(P, Q) == pytest.approx(0.1)
    assert distances.ks_binned(P, Q) == pytest.approx(0.1)


def test_ks_and_wasserstein_of_values_agree_with_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=200), np.round(rng.normal(0.5, 2, size=333), 1)
    assert distances.ks_distance(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic)
    assert distances.wasserstein_1(a, b) == pytest.approx(stats.wasserstein_distance(a, b))


def test_binned_wasserstein_agrees_with_scipy():
    at = np.array([0.0, 1.0, 5.0])
    assert distances.wasserstein_binned(P, Q, at) == pytest.approx(stats.wasserstein_distance(at, at, P, Q))


@pytest.mark.parametrize(
    "distance", [distances.psi, distances.jensen_shannon, distances.total_variation, distances.ks_binned]
)
def test_counts_that_are_all_zero_give_nan_and_equal_counts_give_nil(distance):
    assert np.isnan(distance(P, np.zeros(3)))
    assert np.isnan(distance(np.zeros(3), P))
    assert distance(P, P) == pytest.approx(0.0, abs=1e-7)


def test_empty_values_give_nan():
    empty = np.array([])
    assert np.isnan(distances.ks_distance(empty, P))
    assert np.isnan(distances.wasserstein_1(P, empty))


def test_counts_over_different_bins_are_refused():
    with pytest.raises(ValueError, match="3 reference bins but 2"):
        distances.total_variation(P, np.array([1.0, 2.0]))
