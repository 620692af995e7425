"""Intervals cover the truth as often as they claim."""

import numpy as np
import pytest
from scipy import stats

from loopwright.stats.intervals import (
    auc_difference,
    auc_interval,
    bootstrap_difference,
    bootstrap_interval,
    clopper_pearson,
    jackknife_interval,
    pseudo_values,
    wilson,
)
from loopwright.stats.quality import rank_auc


def sample(rng, n=200, shift=1.0):
    positive = rng.random(n) < 0.4
    return positive, rng.normal(size=n) + shift * positive


def test_wilson_agrees_with_scipy():
    expected = stats.binomtest(7, 40).proportion_ci(0.9, method="wilson")
    found = wilson(7, 40, 0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_wilson_has_width_at_the_ends_and_is_unknown_without_rows():
    assert wilson(0, 20).low == 0.0
    assert wilson(0, 20).high > 0.1
    assert wilson(20, 20).high == 1.0
    assert not wilson(0, 0).known


def test_auc_interval_covers_the_truth_at_its_level():
    rng = np.random.default_rng(0)
    truth = stats.norm.cdf(1 / np.sqrt(2))
    spans = [auc_interval(*sample(rng), 0.9) for _ in range(400)]
    covered = np.mean([span.low <= truth <= span.high for span in spans])
    assert 0.86 <= covered <= 0.94


def test_auc_interval_value_is_the_rank_auc_with_ties():
    rng = np.random.default_rng(1)
    positive, score = sample(rng)
    score = np.round(score)
    assert auc_interval(positive, score).value == pytest.approx(rank_auc(positive, score))


def test_auc_interval_has_width_when_the_classes_are_separated():
    positive = np.array([False] * 20 + [True] * 10)
    span = auc_interval(positive, np.arange(30.0))
    assert span.value == 1.0
    assert 0.6 < span.low < 0.95
    assert span.high == 1.0


def test_auc_interval_is_unknown_with_one_class():
    assert not auc_interval(np.ones(10, dtype=bool), np.arange(10.0)).known
    assert not auc_difference(np.ones(10, dtype=bool), np.arange(10.0), np.arange(10.0)).known


def test_paired_auc_difference_is_narrower_than_two_separate_intervals_and_covers():
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(300):
        positive, score = sample(rng)
        near = score + rng.normal(size=score.size) * 0.5
        truth = stats.norm.cdf(1 / np.sqrt(2)) - stats.norm.cdf(1 / np.sqrt(2 * 1.25))
        span = auc_difference(positive, score, near, level=0.9)
        covered.append(span.low <= truth <= span.high)
    assert 0.85 <= np.mean(covered) <= 0.95
    alone = auc_interval(positive, score, 0.9)
    assert span.high - span.low < alone.high - alone.low


def test_auc_difference_of_a_score_with_itself_is_exactly_nil():
    positive, score = sample(np.random.default_rng(3))
    span = auc_difference(positive, score, score)
    assert (span.value, span.low, span.high) == (0.0, 0.0, 0.0)


def test_bootstrap_agrees_with_delong():
    positive, score = sample(np.random.default_rng(4), n=600)
    drawn = bootstrap_interval(rank_auc, positive, score, rng=np.random.default_rng(5), resamples=800)
    exact = auc_interval(positive, score)
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_bootstrap_difference_agrees_with_paired_delong():
    rng = np.random.default_rng(6)
    positive, score = sample(rng, n=600)
    other = score + rng.normal(size=600)
    drawn = bootstrap_difference(rank_auc, positive, (score, other), rng=rng, resamples=800)
    exact = auc_difference(positive, score, other)
    assert (drawn.value, drawn.low, drawn.high) == pytest.approx((exact.value, exact.low, exact.high), abs=0.015)


def test_bootstrap_is_the_same_for_the_same_generator():
    positive, score = sample(np.random.default_rng(7))
    spans = [
        bootstrap_interval(rank_auc, positive, score, rng=np.random.default_rng(1), resamples=50) for _ in range(2)
    ]
    assert spans[0] == spans[1]


def test_blocks_widen_the_interval_of_rows_that_move_together():
    rng = np.random.default_rng(8)
    days = np.repeat(np.arange(30), 50)
    value = rng.normal(size=30)[days] + 0.1 * rng.normal(size=1500)

    def mean(label, score):
        return float(np.mean(score))

    rows = bootstrap_interval(mean, value, value, rng=rng, resamples=200)
    blocks = bootstrap_interval(mean, value, value, rng=rng, blocks=days, resamples=200)
    assert blocks.high - blocks.low > 3 * (rows.high - rows.low)


def test_bootstrap_is_unknown_without_rows_with_one_block_or_where_the_metric_is_often_undefined():
    rng = np.random.default_rng(9)
    assert not bootstrap_interval(rank_auc, np.array([], dtype=bool), np.array([]), rng=rng).known
    positive, score = sample(rng, n=20)
    assert not bootstrap_interval(rank_auc, positive, score, rng=rng, blocks=np.zeros(20)).known
    lonely = np.array([True] + [False] * 19)
    assert not bootstrap_interval(rank_auc, lonely, score, rng=rng, resamples=100).known


@pytest.mark.parametrize("use_blocks", [False, True])
def test_auc_interval_over_days_covers_where_one_over_rows_does_not(use_blocks):
    rng = np.random.default_rng(10)
    truth, covered = stats.norm.cdf(1 / np.sqrt(2)), []
    for _ in range(200):
        days = np.repeat(np.arange(40), 15)
        positive = rng.random(600) < np.repeat(rng.beta(0.5, 0.5, size=40), 15)
        score = positive + np.repeat(rng.normal(size=40) * 0.95, 15) + rng.normal(size=600) * np.sqrt(1 - 0.95**2)
        span = auc_interval(positive, score, 0.9, blocks=days if use_blocks else None)
        covered.append(span.low <= truth <= span.high)
    assert (0.82 <= np.mean(covered) <= 0.96) if use_blocks else (np.mean(covered) < 0.6)


def test_auc_interval_of_a_single_block_is_unknown():
    positive, score = sample(np.random.default_rng(11))
    assert not auc_interval(positive, score, blocks=np.zeros(200)).known


def test_pseudo_values_of_a_mean_are_the_blocks_own_means():
    rng = np.random.default_rng(0)
    label, blocks = rng.normal(size=60), np.repeat(np.arange(6), 10)
    whole, each = pseudo_values(lambda y, s: float(y.mean()), label, np.zeros(60), blocks=blocks)
    assert whole == pytest.approx(label.mean())
    assert each == pytest.approx(label.reshape(6, 10).mean(axis=1))


def test_the_jackknife_holds_its_level_where_days_differ():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        value = np.repeat(rng.normal(size=14), 20) + rng.normal(size=280)
        span = jackknife_interval(
            lambda y, s: float(np.sqrt(np.mean((y + 5) ** 2))), value, value, blocks=np.repeat(np.arange(14), 20)
        )
        held += span.low <= np.sqrt(27) <= span.high
    assert held >= 180


def test_the_jackknife_of_one_block_or_none_is_unknown():
    mean = lambda y, s: float(y.mean()) if y.size else float("nan")  # noqa: E731
    assert not jackknife_interval(mean, np.ones(5), np.ones(5), blocks=np.zeros(5)).known
    assert not jackknife_interval(mean, np.ones(0), np.ones(0), blocks=np.zeros(0)).known


def test_the_exact_interval_of_a_share_is_that_of_the_tables_and_is_never_too_narrow():
    span = clopper_pearson(3, 10)
    assert (span.low, span.high) == (pytest.approx(0.0667, abs=1e-4), pytest.approx(0.6525, abs=1e-4))
    assert (clopper_pearson(0, 5).low, clopper_pearson(5, 5).high) == (0.0, 1.0)
    assert not clopper_pearson(0, 0).known
    shares = np.random.default_rng(0).binomial(40, 0.05, 2_000)
    held = [clopper_pearson(k, 40).low <= 0.05 <= clopper_pearson(k, 40).high for k in shares]
    assert np.mean(held) >= 0.95
