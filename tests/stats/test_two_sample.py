"""Two-sample tests keep their level, find differences, and carry an effect size that does not grow with n."""

import numpy as np
import pytest
from scipy import stats

from loopwright.stats.two_sample import binned_ranks, chi_square, kolmogorov_smirnov, mann_whitney, shares_p_value


@pytest.mark.parametrize("test", [kolmogorov_smirnov, mann_whitney])
def test_level_holds_and_a_shift_is_found(test):
    rng = np.random.default_rng(0)
    null = [test(rng.normal(size=80), rng.normal(size=60)).p_value for _ in range(200)]
    assert np.mean(np.array(null) < 0.1) < 0.17
    assert test(rng.normal(size=300), rng.normal(0.6, 1, size=300)).p_value < 1e-6


def test_chi_square_agrees_with_scipy_when_no_bin_is_thin():
    table = np.array([[30.0, 50.0, 20.0], [25.0, 20.0, 55.0]])
    found = chi_square(table[0], table[1])
    expected = stats.chi2_contingency(table, correction=False)
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.effect == pytest.approx(stats.contingency.association(table.astype(int), method="cramer"))


def test_chi_square_level_holds_with_many_rare_levels():
    rng = np.random.default_rng(1)
    shares = np.array([0.5, 0.4] + [0.002] * 50)
    p_values = [chi_square(rng.multinomial(3000, shares), rng.multinomial(200, shares)).p_value for _ in range(300)]
    assert np.mean(np.array(p_values) < 0.05) < 0.09


def test_effects_do_not_grow_with_the_samples():
    counts = np.array([40.0, 60.0]), np.array([50.0, 50.0])
    assert chi_square(*counts).effect == pytest.approx(chi_square(counts[0] * 100, counts[1] * 100).effect)
    assert chi_square(counts[0] * 100, counts[1] * 100).p_value < chi_square(*counts).p_value


def test_mann_whitney_effect_is_the_chance_of_a_greater_value():
    assert mann_whitney(np.zeros(10), np.ones(20)).effect == 1.0
    assert mann_whitney(np.ones(10), np.ones(20)).effect == 0.5
    assert mann_whitney(np.ones(10), np.ones(20)).p_value == 1.0


def test_missing_values_are_left_out_and_an_empty_side_is_unknown():
    full = np.arange(50.0)
    holed = np.concatenate((full, [np.nan] * 9))
    assert kolmogorov_smirnov(holed, full).p_value == 1.0
    assert kolmogorov_smirnov(holed, full).n_reference == 50
    for test in (kolmogorov_smirnov, mann_whitney):
        assert np.isnan(test(full, np.array([np.nan])).p_value)
    assert np.isnan(chi_square(np.zeros(3), np.ones(3)).p_value)


def test_one_shared_level_is_no_difference():
    assert chi_square(np.array([10.0, 0.0]), np.array([500.0, 0.0])).p_value == 1.0


def test_binned_ranks_are_those_of_the_values_where_bins_hold_one_value_each():
    rng = np.random.default_rng(0)
    before, now = rng.integers(0, 7, 400), rng.integers(1, 8, 150)
    counts = [np.bincount(values, minlength=8).astype(float) for values in (before, now)]
    found, known = binned_ranks(*counts), mann_whitney(before.astype(float), now.astype(float))
    assert found.effect == pytest.approx(known.effect)
    assert found.p_value == pytest.approx(known.p_value, rel=0.05)
    alone = binned_ranks(np.array([0.0, 5.0]), np.array([0.0, 3.0]))
    assert np.isnan(alone.p_value)
    assert np.isnan(binned_ranks(np.zeros(2), np.ones(2)).effect)


def test_shares_p_values_keep_their_word_in_the_far_tail():
    rng = np.random.default_rng(0)
    before = rng.binomial(10_000, 0.02, size=4_000)
    now = rng.binomial(1_000, 0.02, size=4_000)
    p_values = shares_p_value((before, np.full(4_000, 10_000)), (now, np.full(4_000, 1_000)))
    for level in (0.05, 0.01):
        assert np.mean(p_values <= level) <= level * 1.15 + 2 * np.sqrt(level / 4_000)
    assert np.mean(p_values <= 0.05) > 0.035


def test_shares_without_a_question_are_nan():
    found = shares_p_value((np.array([0, 10, 3]), np.array([10, 10, 10])), (np.array([0, 5, 0]), np.array([5, 5, 0])))
    assert np.isnan(found).all()
