"""Blocks measured against their season, each reference block without itself, and how rare that makes false alarms."""

from bisect import insort

import msgspec
import numpy as np
import pytest

from loopwright.monitoring.bins import numeric_bins
from loopwright.monitoring.blocks import groups_of, innovation
from loopwright.monitoring.reference import DAY, HOUR, plain_column
from loopwright.monitoring.yardstick import BlockYardstick, one_season, seasons_for
from loopwright.stats.exchangeability import conformal_p, rank_bets


def stream(rng, blocks, *, period=DAY, memory=0.0, hour=0.0, week=0.0, rows=60):
    """(blocks, rows) values whose level has a memory, an hourly and a weekly season."""
    per_day, level, levels = DAY // period, 0.0, np.empty(blocks)
    for block in range(blocks):
        level = memory * level + np.sqrt(1 - memory**2) * rng.normal()
        levels[block] = 0.5 * level + hour * np.sin(2 * np.pi * (block % per_day) / per_day)
        levels[block] += week * ((block // per_day) % 7 >= 5)
    return rng.normal(size=(blocks, rows)) + levels[:, None]


def yardstick_of(values, *, period=DAY, seasonal=False):
    bins = numeric_bins(values.ravel())
    counts = np.stack([np.bincount(bins.place(row), minlength=bins.count) for row in values]).astype(float)
    column = plain_column("x", values.ravel(), bins.place(values.ravel()), bins=bins)
    standard = msgspec.structs.replace(column.standard, groups=groups_of(counts.sum(axis=0)))
    numbers = np.arange(values.shape[0])
    seasons = seasons_for(numbers, period) if seasonal else one_season(period)
    column = msgspec.structs.replace(column, standard=standard)
    return BlockYardstick(column, tuple(numbers.tolist()), counts=counts, seasons=seasons), bins


def alarms_of(yardstick, bins, values, *, first, mean_time):
    """Alarms of both figures together over blocks numbered from `first`."""
    history = {name: sorted(yardstick.calibration(name)) for name in yardstick.names}
    sums, before, alarms = {"shape": np.zeros(3), "location": np.zeros(6)}, {"shape": None, "location": None}, 0
    for i, row in enumerate(values):
        counts = np.bincount(bins.place(row), minlength=bins.count).astype(float)
        for name, side in (("shape", "high"), ("location", "both")):
            value = yardstick.figure(name, counts, first + i)
            new, before[name] = innovation(value, before[name], yardstick.memory(name)), value
            sums[name] = (sums[name] + 1) * rank_bets(conformal_p(history[name], new), side)
            insort(history[name], new)
        if (sums["shape"].mean() + sums["location"].mean()) / 2 >= mean_time:
            alarms, sums = alarms + 1, {"shape": np.zeros(3), "location": np.zeros(6)}
    return alarms


def test_the_finest_seasons_that_have_four_blocks_each_are_taken():
    assert seasons_for(np.arange(28), DAY).count == 7
    assert seasons_for(np.arange(20), DAY).count == 1
    assert seasons_for(np.arange(24 * 28), HOUR).count == 168
    assert seasons_for(np.arange(24 * 10), HOUR).count == 24
    assert seasons_for(np.arange(24 * 2), HOUR).count == 1
    hours = seasons_for(np.arange(24 * 28), HOUR)
    assert hours.of(np.array([5, 5 + 168, 6])).tolist() == [5, 5, 6]


def test_a_reference_block_is_measured_as_if_it_had_come_later():
    values = stream(np.random.default_rng(0), 5, rows=2_000)
    whole, bins = yardstick_of(values)
    counts = np.stack([np.bincount(bins.place(row), minlength=bins.count) for row in values]).astype(float)
    rest = BlockYardstick(whole.column, (0, 1, 3, 4), counts=np.delete(counts, 2, axis=0), seasons=one_season(DAY))
    for name in whole.names:
        assert whole.memory(name) == 0.0
        assert whole.calibration(name)[2] == pytest.approx(rest.figure(name, counts[2], 2), rel=0.1)


def test_a_weekend_is_no_news_where_weekends_are_expected():
    rng = np.random.default_rng(1)
    values, later = stream(rng, 84, week=3.0), stream(rng, 14, week=3.0)
    figures = {}
    for seasonal in (False, True):
        yardstick, bins = yardstick_of(values, seasonal=seasonal)
        counts = [np.bincount(bins.place(row), minlength=bins.count).astype(float) for row in later]
        figures[seasonal] = np.array([yardstick.figure("location", c, 84 + i) for i, c in enumerate(counts)])
    assert abs(figures[False][[5, 6, 12, 13]].mean()) > 1.2
    assert abs(figures[True][[5, 6, 12, 13]].mean()) < 0.9
    assert yardstick.usual(5) is not None
    assert yardstick.usual(5).sum() == pytest.approx(1.0)


def test_a_small_shift_hidden_by_the_season_is_seen_by_the_seasonal_reference():
    rng = np.random.default_rng(2)
    values, later = stream(rng, 24 * 28, period=HOUR, hour=3.0), stream(rng, 200, period=HOUR, hour=3.0) + 1.0
    figures = {}
    for seasonal in (False, True):
        yardstick, bins = yardstick_of(values, period=HOUR, seasonal=seasonal)
        counts = [np.bincount(bins.place(row), minlength=bins.count).astype(float) for row in later[:24]]
        figures[seasonal] = np.mean([yardstick.figure("location", c, 24 * 28 + i) for i, c in enumerate(counts)])
    assert figures[True] > 1.2
    assert figures[False] < 0.7
    assert alarms_of(yardstick, bins, later, first=24 * 28, mean_time=300) >= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("period", "reference", "kept"),
    [
        (DAY, 90, {"memory": 0.6}),
        (DAY, 90, {"memory": 0.6, "week": 1.0}),
        (HOUR, 24 * 42, {"hour": 1.0, "week": 1.0, "memory": 0.6}),
    ],
)
def test_the_stated_rate_holds_with_memory_and_seasons(period, reference, kept):
    alarms = windows = 0
    for seed in range(12 if period == DAY else 4):
        rng = np.random.default_rng(seed)
        values = stream(rng, reference + 600, period=period, **kept)
        yardstick, bins = yardstick_of(values[:reference], period=period, seasonal="week" in kept)
        alarms += alarms_of(yardstick, bins, values[reference:], first=reference, mean_time=200)
        windows += 600
    expected = windows / 200
    assert alarms <= expected + 2 * np.sqrt(expected)


def test_empty_and_single_blocks_have_no_figure():
    values = stream(np.random.default_rng(3), 1)
    yardstick, bins = yardstick_of(values)
    assert yardstick.calibration("location") == ()
    assert np.isnan(yardstick.figure("location", np.zeros(bins.count), 5))
    full, bins = yardstick_of(stream(np.random.default_rng(3), 30))
    missing = np.zeros(bins.count)
    missing[-1] = 50.0
    assert np.isnan(full.figure("location", missing, 31))
    assert full.figure("shape", missing, 31) > 5
