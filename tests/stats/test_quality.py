"""Metrics agree with scikit-learn, and are NaN where they are undefined."""

import numpy as np
import pytest
from sklearn import metrics as reference

from loopwright.stats.quality import METRICS, quality, rank_auc, reliability_curve

CLASSES3 = ("low", "mid", "high")


def binary(n=400, seed=0, ties=False):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    if ties:
        score = np.round(score, 1)
    return rng.random(n) < score, score


def multiclass(n=400, seed=1):
    rng = np.random.default_rng(seed)
    score = rng.dirichlet([1.0, 2.0, 0.5], size=n)
    codes = np.array([rng.choice(3, p=row) for row in score])
    return np.array(CLASSES3)[codes], score, codes


@pytest.mark.parametrize("ties", [False, True])
def test_binary_metrics_agree_with_scikit_learn(ties):
    label, score = binary(ties=ties)
    answer = score > 0.5
    expected = {
        "roc_auc": reference.roc_auc_score(label, score),
        "average_precision": reference.average_precision_score(label, score),
        "log_loss": reference.log_loss(label, score),
        "brier": reference.brier_score_loss(label, score),
        "accuracy": reference.accuracy_score(label, answer),
        "balanced_accuracy": reference.balanced_accuracy_score(label, answer),
        "f1": reference.f1_score(label, answer),
    }
    found = quality("binary", label, score, classes=(False, True))
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_multiclass_metrics_agree_with_scikit_learn():
    label, score, codes = multiclass()
    answer = score.argmax(axis=1)
    onehot = np.eye(3)[codes]
    expected = {
        "roc_auc": reference.roc_auc_score(codes, score, multi_class="ovr", average="macro"),
        "average_precision": reference.average_precision_score(onehot, score, average="macro"),
        "log_loss": reference.log_loss(codes, score),
        "brier": float(np.mean(((score - onehot) ** 2).sum(axis=1))),
        "accuracy": reference.accuracy_score(codes, answer),
        "balanced_accuracy": reference.balanced_accuracy_score(codes, answer),
        "f1": reference.f1_score(codes, answer, average="macro"),
    }
    found = quality("multiclass", label, score, classes=CLASSES3)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_regression_metrics_agree_with_scikit_learn():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=300)
    guess = truth + rng.normal(size=300)
    found = quality("regression", truth, guess)
    assert found == pytest.approx(
        {
            "mae": reference.mean_absolute_error(truth, guess),
            "rmse": reference.root_mean_squared_error(truth, guess),
            "r2": reference.r2_score(truth, guess),
        }
    )


def test_the_second_class_is_the_positive_one_whatever_its_type():
    label, score = binary()
    auc = METRICS["roc_auc"].function
    expected = auc(label, score, (False, True))
    assert auc(np.where(label, "yes", "no"), score, ("no", "yes")) == expected
    assert auc(label.astype(int), score, (0, 1)) == expected
    assert auc(label, score, (True, False)) == pytest.approx(1 - expected)


def test_calibration_error_is_small_for_honest_and_large_for_boastful_scores():
    label, score = binary(n=20_000)
    error = METRICS["calibration_error"].function
    assert error(label, score, ()) < 0.02
    assert error(label, np.clip(score + 0.2, 0, 1), ()) == pytest.approx(0.18, abs=0.03)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_is_nan_without_rows_and_for_scores_that_are_not_finite(name):
    metric = METRICS[name]
    assert np.isnan(metric.function(np.array([]), np.array([]), ()))
    assert np.isnan(metric.function(np.array([0, 1]), np.array([0.5, np.nan]), (0, 1)))


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "balanced_accuracy"])
@pytest.mark.parametrize("label", [[0, 0, 0], [1, 1, 1]])
def test_ranking_metrics_are_nan_with_one_class(name, label):
    assert np.isnan(METRICS[name].function(np.array(label), np.array([0.1, 0.6, 0.7]), (0, 1)))


def test_multiclass_auc_is_nan_when_a_class_has_no_rows():
    label, score, _ = multiclass()
    kept = label != "high"
    assert np.isnan(METRICS["roc_auc"].function(label[kept], score[kept], CLASSES3))


def test_f1_is_nan_when_nothing_is_positive_and_zero_when_all_positives_are_missed():
    f1 = METRICS["f1"].function
    assert np.isnan(f1(np.array([0, 0]), np.array([0.1, 0.2]), (0, 1)))
    assert f1(np.array([0, 1]), np.array([0.1, 0.2]), (0, 1)) == 0.0


def test_r2_is_nan_for_a_constant_truth():
    assert np.isnan(METRICS["r2"].function(np.ones(5), np.arange(5.0), ()))


def test_a_label_outside_the_classes_counts_as_wrong():
    score = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert METRICS["accuracy"].function(np.array(["a", "z"]), score, ("a", "b")) == 0.5


def test_labels_and_scores_of_different_length_are_refused():
    with pytest.raises(ValueError, match="3 labels but 2 scores"):
        METRICS["roc_auc"].function(np.array([0, 1, 1]), np.array([0.1, 0.2]), (0, 1))


def test_ties_count_one_half():
    assert rank_auc(np.array([True, False]), np.array([0.5, 0.5])) == 0.5


def test_reliability_curve_keeps_equal_scores_together_and_covers_every_row():
    label = np.array([0, 1, 0, 1, 1, 1])
    score = np.array([0.2, 0.2, 0.2, 0.8, 0.8, 0.8])
    curve = reliability_curve(label, score, 10)
    assert curve.count.tolist() == [3, 3]
    assert curve.mean_score == pytest.approx([0.2, 0.8])
    assert curve.share_positive == pytest.approx([1 / 3, 1.0])
    assert (curve.low < curve.share_positive).all()
    assert curve.high[-1] == 1.0
    assert reliability_curve(np.array([]), np.array([])).count.size == 0
