"""What is left of a series once its season is out."""

import numpy as np
import pytest

from loopwright.monitoring.seasons import expected_of, left_over, memory_of, on_scale, plain

NOTHING_HELD = np.zeros(24 * 20, dtype=bool)


def daily(seed=0, days=20, noise=0.1):
    hours = np.arange(24 * days)
    return np.sin(2 * np.pi * hours / 24) + np.random.default_rng(seed).normal(0, noise, hours.size)


@pytest.mark.parametrize(("scale", "value"), [("log", 123.0), ("share", 0.3), ("plain", -4.0)])
def test_a_scale_has_an_inverse(scale, value):
    assert plain(scale, on_scale(scale, value)) == pytest.approx(value)


def test_the_season_is_taken_out_with_the_same_hour_of_the_days_before():
    left = left_over(daily(), NOTHING_HELD, lags=(24,))
    assert left.expected == pytest.approx(np.sin(2 * np.pi * 23 / 24), abs=0.15)
    assert np.std(left.past) < 0.15
    assert np.std(left_over(daily(), NOTHING_HELD, lags=()).past) > 0.6


def test_the_far_season_waits_until_there_is_enough_of_it():
    weekly = daily(days=40)
    held = np.zeros(weekly.size, dtype=bool)
    early = left_over(weekly[: 24 * 15], held[: 24 * 15], lags=(168, 24))
    late = left_over(weekly, held, lags=(168, 24))
    assert early.past.size > 24 * 10
    assert 48 <= late.past.size <= 24 * 40 - 2 * 168


def test_what_is_held_is_compared_with_nothing():
    values = daily()
    values[-25] = 99.0
    held = NOTHING_HELD.copy()
    held[-25] = True
    assert left_over(values, held, lags=(24,)).past.max() < 1.0
    assert left_over(values, NOTHING_HELD, lags=(24,)).past.max() > 90.0


def test_memory_is_told_also_beneath_noise_and_extremes_do_not_make_one():
    rng = np.random.default_rng(1)
    state = np.zeros(800)
    for place in range(1, 800):
        state[place] = 0.9 * state[place - 1] + rng.normal()
    assert memory_of(state + rng.normal(0, 1, 800)).sum() == pytest.approx(0.85, abs=0.12)
    jump = rng.normal(size=400)
    jump[-12:] += 200.0
    assert memory_of(jump).sum() < 0.6
    assert memory_of(jump[:10]).tolist() == [0.0, 0.0, 0.0]


def test_far_out_is_what_chance_does_not_do():
    values = daily()
    assert not left_over(values, NOTHING_HELD, lags=(24,)).far_out
    values[-1] += 3.0
    assert left_over(values, NOTHING_HELD, lags=(24,)).far_out


def test_the_usual_range_is_in_the_figures_own_unit():
    values = np.log1p(np.random.default_rng(2).normal(100, 5, 24 * 20))
    usual, low, high = expected_of("log", left_over(values, NOTHING_HELD, lags=()))
    assert (usual, low, high) == (pytest.approx(100, abs=2), pytest.approx(92, abs=3), pytest.approx(108, abs=3))
