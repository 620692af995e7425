"""Bets on windows: fair for every split of a pool, growing when a score moves, silent where nothing can be said."""

from itertools import combinations

import numpy as np
import pytest

from loopwright.stats.bets import (
    COMPONENTS,
    SIZES,
    STAKES,
    Bets,
    Shares,
    Shift,
    component_bets,
    grown,
    share_bets,
    shifted,
    smooth_scores,
)


def counts(values, bins):
    return np.bincount(values, minlength=bins).astype(float)[None, :]


@pytest.mark.parametrize("size", [1, 4, 6, 9])
def test_components_are_fair_over_every_split_of_the_pool(size):
    pool = np.array([0, 0, 1, 1, 2, 3, 3, 3, 4, 4])
    e = []
    for chosen in combinations(range(10), size):
        window = counts(pool[list(chosen)], 5)
        e.append(np.exp(component_bets(window, counts(pool, 5) - window, counts(pool, 5)).log_e))
    mean = np.mean(e, axis=0)
    assert mean.shape == (len(COMPONENTS), STAKES.size)
    assert mean.max() <= 1.0 + 1e-12
    assert mean.min() > 0.05


@pytest.mark.parametrize("size", [1, 5, 9])
def test_shares_are_fair_over_every_split_of_the_pool(size):
    pool = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    e = []
    for chosen in combinations(range(10), size):
        window = Shares(np.array([float(pool[list(chosen)].sum())]), np.array([float(size)]))
        rest = Shares(3.0 - window.hits, 10.0 - window.rows)
        e.append(np.exp(share_bets(window, rest, Shares(np.array([3.0]), np.array([10.0]))).log_e))
    assert np.mean(e, axis=0).max() <= 1.0 + 1e-12
    assert np.mean(e, axis=0).min() > 0.2


def test_a_window_greater_than_the_reference_still_bets_with_what_the_rest_allows():
    reference, window = np.full((1, 10), 100.0), np.full((1, 10), 5000.0)
    window[0, :5], window[0, 5:] = 4500.0, 5500.0
    bets = component_bets(window, reference, reference + window)
    assert bets.log_e[0].max() > 2.0
    hits = share_bets(
        Shares(np.array([5500.0]), np.array([10000.0])),
        Shares(np.array([450.0]), np.array([1000.0])),
        Shares(np.array([5950.0]), np.array([11000.0])),
    )
    assert hits.log_e.max() > 10.0


@pytest.mark.parametrize(("component", "tilt"), [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (0, -1.0), (1, -1.0)])
def test_each_component_grows_fastest_when_it_is_what_moved(component, tilt):
    reference = np.full((1, 32), 400.0)
    weight = 1 + 0.3 * tilt * smooth_scores(reference)[0, component]
    window = np.round(2000 * weight / weight.sum())[None, :]
    bets = component_bets(window, reference, reference + window)
    best = bets.log_e.argmax()
    assert best // STAKES.size == component
    assert np.sign(STAKES[best % STAKES.size]) == tilt
    assert bets.moved[component] / bets.rows[component] == pytest.approx(0.3 * tilt, abs=0.06)


def test_shares_say_how_far_and_which_way():
    bets = share_bets(
        Shares(np.array([250.0, 20.0]), np.array([1000.0, 1000.0])),
        Shares(np.array([2000.0, 500.0]), np.array([10000.0, 10000.0])),
        Shares(np.array([2250.0, 520.0]), np.array([11000.0, 11000.0])),
    )
    assert bets.log_e[0, : len(SIZES)].max() > 4 > 0 > bets.log_e[0, len(SIZES) :].max()
    assert bets.log_e[1, len(SIZES) :].max() > 4
    assert bets.moved[0] / 1000 == pytest.approx(0.05 / 0.403, rel=0.02)
    assert bets.moved[1] < 0


def test_what_does_not_vary_and_an_empty_window_say_nothing():
    constant, spread, none = np.array([[0.0, 50.0, 0.0]]), np.array([[20.0, 20.0, 20.0]]), np.zeros((1, 3))
    assert not component_bets(constant, constant, 2 * constant).log_e.any()
    assert not component_bets(none, spread, spread).log_e.any()
    assert not component_bets(none, none, none).log_e.any()
    no, some = Shares(np.zeros(1), np.zeros(1)), Shares(np.zeros(1), np.full(1, 50.0))
    assert not share_bets(some, some, Shares(np.zeros(1), np.full(1, 100.0))).log_e.any()
    assert not share_bets(no, no, no).log_e.any()


@pytest.mark.parametrize("rows", [1, 10**6])
def test_extreme_windows_stay_finite(rows):
    reference = np.array([[1e6, 0.0, 1.0]])
    window = np.array([[0.0, float(rows), 0.0]])
    assert np.isfinite(component_bets(window, reference, reference + window).log_e).all()
    hits, base = np.full(1, float(rows)), Shares(np.zeros(1), np.full(1, 1e6))
    bets = share_bets(Shares(hits, hits), base, Shares(hits, hits + 1e6))
    assert np.isfinite(bets.log_e).all()
    assert bets.log_e.max() > 0


def test_sums_are_of_products_from_every_start_and_are_cut_off():
    e = np.array([2.0, 0.5, 3.0])
    logs = np.full((1, 1), -700.0)
    for value in e:
        logs = grown(logs, np.log([[value]]), np.full((1, 1), 99.0))
    assert np.exp(logs[0, 0]) == pytest.approx(2 * 0.5 * 3 + 0.5 * 3 + 3)
    assert grown(logs, np.full((1, 1), 50.0), np.full((1, 1), 7.0))[0, 0] == 7.0


def test_a_shift_is_measured_from_where_it_began():
    state = Shift(np.zeros((1, 2)), np.zeros((1, 2)))
    for moved in (-5.0, 0.0, 30.0, 30.0):
        state = shifted(state, Bets(np.zeros((1, 10)), np.array([moved]), np.array([100.0])), 0.1)
    assert state.rows[0].tolist() == [200, 0]
    assert state.size[0].tolist() == [pytest.approx(0.3), 0.0]
    back = shifted(state, Bets(np.zeros((1, 10)), np.array([-60.0]), np.array([100.0])), 0.1)
    assert back.rows[0].tolist() == [0, 100]
    assert back.size[0, 1] == pytest.approx(0.6)
