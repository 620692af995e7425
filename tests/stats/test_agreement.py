"""Agreement beyond chance."""

import numpy as np
import pytest

from loopwright.stats.agreement import cohens_kappa


def rated(table):
    pairs = [(a, b) for (a, b), count in table.items() for _ in range(count)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_a_known_table():
    """Two raters of 50 proposals: kappa 0.4, the example that textbooks share."""
    found = cohens_kappa(*rated({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}))
    assert found.kappa.value == pytest.approx(0.4)
    assert found.share == pytest.approx(0.7)
    assert found.confusion["no", "yes"] == 10


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    truth = (0.8 - 0.5) / 0.5
    inside = 0
    for _ in range(400):
        first = rng.integers(0, 2, 150)
        second = np.where(rng.random(150) < 0.8, first, 1 - first)
        span = cohens_kappa([str(v) for v in first], [str(v) for v in second]).kappa
        inside += span.low <= truth <= span.high
    assert 0.92 <= inside / 400 <= 0.98


def test_chance_alone_and_perfection_are_not_taken_for_certainty():
    same = cohens_kappa(["pass"] * 9, ["pass"] * 9)
    assert not same.kappa.known
    assert np.isnan(same.kappa.value)
    perfect = cohens_kappa(["pass", "fail"] * 5, ["pass", "fail"] * 5)
    assert perfect.kappa.value == 1.0
    assert not perfect.kappa.known
    assert np.isnan(cohens_kappa([], []).share)
