import numpy as np
import pytest

from loopwright.stats.change_point import most_likely_change


def steps(*levels: tuple[int, float], noise: float = 0.3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([np.full(count, level) + rng.normal(0, noise, count) for count, level in levels])


@pytest.mark.parametrize("place", [5, 20, 33])
def test_the_split_is_where_the_level_changes(place: int) -> None:
    series = steps((place, 0.0), (40 - place, 2.0))
    found = most_likely_change(series[:, None])
    assert found is not None
    assert found.index == place


def test_series_that_change_together_outweigh_one_that_wanders() -> None:
    together = [steps((25, 0.0), (15, 0.6), seed=seed) for seed in range(5)]
    alone = steps((8, 0.0), (32, 0.9), seed=9)
    found = most_likely_change(np.stack([*together, alone], axis=1))
    assert found is not None
    assert abs(found.index - 25) <= 1


def test_days_without_a_figure_and_series_without_any_say_nothing() -> None:
    series = steps((20, 0.0), (20, 2.0))
    series[[3, 18, 30]] = np.nan
    found = most_likely_change(np.stack([series, np.full(40, np.nan), np.full(40, 7.0)], axis=1))
    assert found is not None
    assert found.index == 20


def test_a_day_with_few_rows_weighs_little() -> None:
    series = np.concatenate([np.zeros(10), [9.0, 9.0], np.zeros(8), np.ones(20)]) + steps((40, 0.0), noise=0.05)
    weights = np.full(40, 1000.0)
    weights[[10, 11]] = 0.001
    found = most_likely_change(series[:, None], weights)
    assert found is not None
    assert found.index == 20


@pytest.mark.parametrize("series", [np.zeros((3, 1)), np.zeros((40, 1)), np.full((40, 2), np.nan), np.zeros((40, 0))])
def test_where_nothing_varies_there_is_no_change(series: np.ndarray) -> None:
    assert most_likely_change(series) is None


def test_stormy_days_are_no_change() -> None:
    series = steps((20, 0.0), (20, 1.0))
    series[[3, 4]] = 500.0
    found = most_likely_change(series[:, None])
    assert found is not None
    assert found.index == 20
