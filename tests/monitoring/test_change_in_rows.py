"""When a stream changed, by rows."""

import numpy as np

from loopwright.monitoring.change_in_rows import as_series, change_in_rows

TIMES = np.arange(3_000, dtype=np.int64) * 1_000


def test_a_change_is_found_to_a_part():
    rng = np.random.default_rng(1)
    moved = rng.normal(0, 1, 3_000) + np.where(np.arange(3_000) >= 2_000, 1.0, 0.0)
    found = change_in_rows([rng.normal(0, 1, 3_000), moved], TIMES)
    assert found is not None
    assert abs(found - 2_000_000) <= 100_000


def test_noise_has_none_in_a_hundred_worlds():
    rng = np.random.default_rng(2)
    found = [change_in_rows([rng.normal(0, 1, 3_000) for _ in range(4)], TIMES) for _ in range(100)]
    assert sum(at is not None for at in found) <= 5


def test_too_few_rows_have_none():
    assert change_in_rows([np.r_[np.zeros(30), np.ones(30)]], TIMES[:60]) is None
    assert change_in_rows([], TIMES) is None
    assert change_in_rows([np.full(3_000, np.nan)], TIMES) is None


def test_missing_values_and_levels_have_a_mean_too():
    holes = np.where(np.arange(3_000) >= 1_500, np.nan, 1.0)
    holes[1::2] = 1.0
    assert change_in_rows(as_series(holes, coded=False), TIMES) == 1_500_000
    levels = np.r_[np.tile([0.0, 1.0], 750), np.tile([0.0, 2.0], 750)]
    assert change_in_rows(as_series(levels, coded=True), TIMES) == 1_500_000
