"""Scores made into chances."""

import msgspec
import numpy as np
import pytest

from loopwright.monitoring.calibrator import Calibrator, fit_calibrator


def fitted(truth_of, n=5_000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    hit = (rng.random(n) < truth_of(score)).astype(float)
    return fit_calibrator(score[:, None], hit[:, None], blocks=np.arange(n) // 200)


@pytest.mark.parametrize(
    "truth_of",
    [lambda s: s, lambda s: s**2, lambda s: np.where(s > 0.5, 0.7, 0.2), lambda s: 1 / (1 + np.exp(-(2 * s - 3)))],
    ids=["honest", "square", "step", "sigmoid"],
)
def test_chances_are_near_the_truth(truth_of):
    asked = np.asarray([0.1, 0.3, 0.7, 0.9])
    assert fitted(truth_of).of(asked) == pytest.approx(truth_of(asked), abs=0.06)


def test_honest_scores_stay_nearly_as_they_are():
    asked = np.linspace(0.02, 0.98, 20)
    assert fitted(lambda s: s).of(asked) == pytest.approx(asked, abs=0.04)


def test_one_class_only_leaves_the_scores():
    score = np.linspace(0, 1, 300)
    found = fit_calibrator(score[:, None], np.zeros((300, 1)), blocks=np.arange(300) // 30)
    assert found.of(np.asarray([0.4])) == pytest.approx([0.4])


def test_chances_of_several_classes_add_up_to_one():
    rng = np.random.default_rng(0)
    score = rng.dirichlet((1, 1, 1), 3_000)
    truth = np.asarray([rng.choice(3, p=p) for p in score[:, [1, 2, 0]]])
    hits = (truth[:, None] == np.arange(3)).astype(float)
    found = fit_calibrator(score, hits, blocks=np.arange(3_000) // 100)
    assert found.of(score).sum(axis=1) == pytest.approx(np.ones(3_000))


def test_it_is_plain_json():
    found = fitted(lambda s: s**2)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Calibrator) == found
