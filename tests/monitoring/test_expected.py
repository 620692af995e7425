"""Expected metrics agree with those of labels that are drawn by the same chances."""

import numpy as np
import pytest

from loopwright.monitoring.expected import EXPECTED, drawn_labels, expected, two_columns
from loopwright.stats.quality import METRICS


def binary(n=1_500, seed=0):
    score = np.random.default_rng(seed).beta(1.5, 3, n).round(3)
    return np.clip(score * 0.8 + 0.05, 0, 1), score


def multiclass(n=1_500, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet((2, 1, 1), n), rng.dirichlet((2, 1, 1), n)


@pytest.mark.parametrize("metric", sorted(EXPECTED))
@pytest.mark.parametrize("make", [binary, multiclass])
def test_the_expected_figure_is_the_mean_over_labels_drawn(metric, make):
    chance, score = make()
    rng = np.random.default_rng(1)
    both = two_columns(chance)
    classes = tuple(range(both.shape[1]))
    drawn = [METRICS[metric].function(drawn_labels(both, rng), score, classes) for _ in range(40)]
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert expected(metric, chance, score) == pytest.approx(np.mean(drawn), abs=5 * error + 5e-4)


def test_drawn_labels_come_as_often_as_their_chances():
    chance = np.tile([0.1, 0.6, 0.3], (20_000, 1))
    shares = np.bincount(drawn_labels(chance, np.random.default_rng(0)), minlength=3) / 20_000
    assert shares == pytest.approx([0.1, 0.6, 0.3], abs=0.015)


@pytest.mark.parametrize("metric", sorted(EXPECTED))
def test_no_rows_or_no_numbers_are_unknown(metric):
    assert np.isnan(expected(metric, np.empty(0), np.empty(0)))
    assert np.isnan(expected(metric, np.asarray([0.5, np.nan]), np.asarray([0.5, 0.5])))


def test_a_certain_class_has_no_area():
    assert np.isnan(expected("roc_auc", np.zeros(10), np.linspace(0, 1, 10)))
    assert np.isnan(expected("average_precision", np.zeros(10), np.linspace(0, 1, 10)))


def test_a_row_is_no_pair_with_itself():
    assert expected("roc_auc", np.asarray([0.5, 0.5]), np.asarray([0.1, 0.9])) == pytest.approx(0.5)
