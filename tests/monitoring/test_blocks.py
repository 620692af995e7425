"""Figures of a day: on one scale however many rows the day has, and freed of what the day before foretold."""

import itertools

import numpy as np
import pytest

from loopwright.monitoring.blocks import (
    figure_of,
    grouped,
    groups_of,
    innovation,
    leave_one_out,
    location_of,
    memory_of,
    positions_of,
    shape_of,
    standard_of,
)


def draw(rng, days, rows, spread=0.1):
    """Daily counts over four bins and an empty missing one, whose shares vary between days."""
    out = []
    for _ in range(days):
        share = np.exp(rng.normal(0, spread, size=4)) * np.array([1, 2, 2, 1])
        out.append([*rng.multinomial(rows, share / share.sum()), 0])
    return np.array(out, dtype=float)


@pytest.mark.parametrize("rows", [30, 300, 30_000])
def test_figures_of_ordinary_days_keep_their_scale_when_traffic_changes(rows):
    rng = np.random.default_rng(0)
    days = draw(rng, 300, 1000)
    positions = positions_of(days[:, :-1].sum(axis=0))
    standard = standard_of(days, positions)
    later = draw(rng, 400, rows)
    locations = [location_of(day, standard) for day in later]
    assert np.std(locations) == pytest.approx(1.0, abs=0.15)
    shapes = [shape_of(day, standard) for day in later]
    assert 0.6 < np.mean(shapes) < 1.1


def test_location_is_signed_and_shape_sees_missing_values():
    rng = np.random.default_rng(1)
    days = draw(rng, 50, 500)
    standard = standard_of(days, positions_of(days[:, :-1].sum(axis=0)))
    assert location_of(np.array([0, 0, 10, 490, 0.0]), standard) > 5
    assert location_of(np.array([490, 10, 0, 0, 0.0]), standard) < -5
    usual = shape_of(days[0], standard)
    holed = shape_of(np.append(days[0][:-1] * 0.9, 50.0), standard)
    assert holed > 20 * usual


def test_a_day_without_known_values_has_no_location():
    standard = standard_of(draw(np.random.default_rng(2), 10, 50), (0.1, 0.3, 0.6, 0.9))
    assert np.isnan(location_of(np.array([0, 0, 0, 0, 20.0]), standard))


def test_a_reference_day_is_judged_against_the_others_only():
    days = draw(np.random.default_rng(3), 12, 500)
    days[4] = [0, 0, 0, 500, 0]
    inside = shape_of(days[4], standard_of(days))
    assert leave_one_out("shape", days, ())[4] > 3 * inside


def test_memory_is_found_and_innovations_have_none():
    rng = np.random.default_rng(4)
    values = [0.0]
    for _ in range(400):
        values.append(0.6 * values[-1] + 0.8 * rng.normal())
    values = np.array(values)
    memory = memory_of(values, tuple(range(401)))
    assert memory == pytest.approx(0.6, abs=0.1)
    fresh = np.array([innovation(b, a, memory) for a, b in itertools.pairwise(values)])
    assert abs(np.corrcoef(fresh[:-1], fresh[1:])[0, 1]) < 0.12
    alone = np.array([innovation(v, None, memory) for v in values])
    assert np.std(alone) == pytest.approx(np.std(fresh), rel=0.15)


def test_memory_is_nil_when_days_do_not_follow_one_another_or_nothing_varies():
    rng = np.random.default_rng(5)
    assert memory_of(np.cumsum(rng.normal(size=50)), tuple(range(0, 100, 2))) == 0.0
    assert memory_of(np.ones(50), tuple(range(50))) == 0.0


@pytest.mark.parametrize("name", ["shape", "location"])
@pytest.mark.parametrize("n_days", [2, 3, 40])
def test_leaving_days_out_at_once_is_leaving_them_out_one_by_one(name, n_days):
    rng = np.random.default_rng(n_days)
    days = rng.poisson(rng.gamma(2.0, 6.0, size=(n_days, 34))).astype(float) + 1.0
    days[1, :-1] = 0.0
    positions, groups = positions_of(days.sum(axis=0)[:-1]), groups_of(days.sum(axis=0))
    one_by_one = [
        figure_of(name, row, standard_of(np.delete(days, i, axis=0), positions, groups)) for i, row in enumerate(days)
    ]
    found = leave_one_out(name, days, positions, groups=groups)
    if name == "location" and n_days == 2:
        assert np.isnan(found).all(), "the other day has no known value"
    else:
        assert found == pytest.approx(one_by_one, abs=2e-4, nan_ok=True)


def test_groups_are_ten_of_about_equal_mass_and_the_ends_by_themselves():
    counts = np.array([0.0, *([10.0] * 32), 0.0, 7.0])
    groups = groups_of(counts)
    assert groups[0] == 0
    assert groups[-2:] == (11, 12)
    assert grouped(counts, groups)[1:-2] == pytest.approx(32, abs=12)
    assert grouped(counts, ()) is counts
    assert groups_of(np.ones(13)) == ()
