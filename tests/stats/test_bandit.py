import numpy as np
import pytest
from scipy import integrate, stats

from loopwright.stats.bandit import floored, probability_best


def test_with_nothing_known_every_arm_is_as_likely_the_best():
    assert probability_best([0, 0, 0, 0], [0, 0, 0, 0], seed=0) == pytest.approx([0.25] * 4, abs=0.03)


def test_two_arms_as_by_integration():
    first, second = stats.beta(1 + 30, 1 + 70), stats.beta(1 + 40, 1 + 60)
    exact, _ = integrate.quad(lambda x: second.pdf(x) * first.cdf(x), 0.0, 1.0)
    assert probability_best([30, 40], [100, 100], seed=0)[1] == pytest.approx(exact, abs=0.02)


def test_they_add_up_to_one_and_the_same_seed_gives_the_same():
    found = probability_best([3, 9, 5.5], [20, 30, 25], seed=7)
    assert found.sum() == pytest.approx(1.0)
    assert found.tolist() == probability_best([3, 9, 5.5], [20, 30, 25], seed=7).tolist()


@pytest.mark.parametrize(("totals", "counts"), [([5], [4]), ([-1], [4])])
def test_totals_that_counts_do_not_allow_are_refused(totals, counts):
    with pytest.raises(ValueError, match="between 0 and their count"):
        probability_best(totals, counts, seed=0)


@pytest.mark.parametrize("shares", [[1.0, 0.0, 0.0], [0.97, 0.02, 0.01], [0.3, 0.3, 0.4], [0.06, 0.05, 0.89]])
def test_no_share_is_below_the_floor(shares):
    found = floored(np.array(shares), 0.05)
    assert found.sum() == pytest.approx(1.0)
    assert (found >= 0.05 - 1e-12).all()
    assert (np.argsort(found, kind="stable") == np.argsort(np.maximum(shares, 0.05), kind="stable")).all()


def test_shares_above_the_floor_are_left_alone():
    assert floored(np.array([0.5, 0.3, 0.2]), 0.05).tolist() == [0.5, 0.3, 0.2]
    assert floored(np.array([0.5, 0.5]), 0.5).tolist() == [0.5, 0.5]


def test_a_floor_for_too_many_is_refused():
    with pytest.raises(ValueError, match="more than 1"):
        floored(np.array([0.5, 0.3, 0.2]), 0.4)
