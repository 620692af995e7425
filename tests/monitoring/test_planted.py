"""Planted changes are as large as they say."""

import numpy as np
import pytest

from loopwright.monitoring.bins import numeric_bins
from loopwright.monitoring.pairs import Pair
from loopwright.monitoring.planted import Change, changes_for, moved_rows, weaker_pair
from loopwright.monitoring.reference import plain_column


@pytest.fixture(scope="module")
def normal():
    values = np.random.default_rng(0).normal(size=20_000)
    bins = numeric_bins(values)
    return plain_column("x", values, bins.place(values), bins=bins), values


@pytest.mark.parametrize("size", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("rise", [True, False])
def test_a_place_moves_by_so_many_standard_deviations(normal, size, rise):
    column, values = normal
    moved = np.asarray(column.counts) @ moved_rows(column, Change(kind="place", size=size, subject=0, rise=rise))
    really = np.bincount(column.bins.place(values + (size if rise else -size)), minlength=column.bins.count)
    inner = slice(2, -3)
    assert moved.sum() == pytest.approx(20_000)
    assert np.cumsum(moved)[inner] == pytest.approx(np.cumsum(really)[inner], abs=250)


@pytest.mark.parametrize("kind", ["missing", "share"])
def test_a_share_grows_by_so_much(world, refer, kind):
    reference = refer(world.days(0, 20))
    column = reference.columns[1 if kind == "share" else 0]
    counts = np.asarray(column.counts, dtype=float)
    moved = counts @ moved_rows(column, Change(kind=kind, size=0.1, subject=0))
    assert moved.sum() == pytest.approx(counts.sum())
    assert ((moved - counts) / counts.sum()).max() == pytest.approx(0.1, abs=0.001)


def test_changes_are_offered_where_they_can_be(world, refer):
    reference = refer(world.days(0, 20))
    assert changes_for(reference, "place") == (0,)
    assert changes_for(reference, "share") == (1,)
    assert changes_for(reference, "missing") == (0, 1)
    assert changes_for(reference, "correlation") == ()


def test_a_pair_loses_part_of_its_dependence():
    pair = Pair(first="a", second="b", concordant=800, discordant=200)
    assert weaker_pair(pair.concordant, pair.discordant, 0.5) == pytest.approx(0.65)
    assert weaker_pair(pair.concordant, pair.discordant, 1.0) == pytest.approx(0.5)
