import msgspec
import numpy as np
import pytest

from loopwright.stats.control_variate import Moments, with_pairs


def test_slope_and_explained_part_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    y = 0.7 * x + rng.normal(size=500)
    found = with_pairs(with_pairs(Moments(), x[:100], y[:100]), x[100:], y[100:])
    assert found.slope == pytest.approx(np.polyfit(x, y, 1)[0])
    assert found.explained == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert found.mean_x == pytest.approx(x.mean())
    assert msgspec.json.decode(msgspec.json.encode(found), type=Moments) == found


def test_taking_the_covariate_out_leaves_the_unexplained_part_of_the_variance():
    rng = np.random.default_rng(1)
    x = rng.normal(size=5_000)
    y = 0.8 * x + 0.6 * rng.normal(size=5_000)
    found = with_pairs(Moments(), x, y)
    assert np.var(y - found.slope * x) == pytest.approx((1.0 - found.explained) * np.var(y), rel=1e-6)


@pytest.mark.parametrize("pairs", [([], []), ([1.0], [2.0]), ([1.0, 1.0], [0.0, 2.0]), ([1.0, 2.0], [3.0, 3.0])])
def test_what_does_not_vary_explains_nothing(pairs):
    found = with_pairs(Moments(), *map(np.array, pairs))
    assert (found.explained, found.slope) == (0.0, 0.0)


def test_pairs_that_are_not_known_are_left_out():
    found = with_pairs(Moments(), np.array([1.0, np.nan, 2.0]), np.array([1.0, 2.0, np.inf]))
    assert (found.n, found.x, found.y) == (1, 1.0, 1.0)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="do not go with"):
        with_pairs(Moments(), np.zeros(2), np.zeros(3))
