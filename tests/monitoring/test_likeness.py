"""Rows of a block that are alike count for less; independent ones count in full."""

import msgspec
import numpy as np
import pytest

from loopwright.monitoring.block_table import block_table
from loopwright.monitoring.likeness import Worth, _main_direction, worth_of_rows
from loopwright.monitoring.reference import DAY, HOUR
from loopwright.monitoring.report_rule import judge_window
from loopwright.monitoring.window import Window


def _column(world_column, days):
    return msgspec.structs.replace(
        world_column, by_block=block_table({i: row for i, row in enumerate(days)}, world_column.bins.count)
    )


def _days(rng, n_bins, *, spread, rows=400, n_days=60):
    out = []
    for _ in range(n_days):
        shares = np.exp(rng.normal(0, spread, size=n_bins - 3))
        out.append((0, *rng.multinomial(rows, shares / shares.sum()).tolist(), 0, 0))
    return out


def test_independent_rows_count_in_full(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    for seed in range(5):
        days = _days(np.random.default_rng(seed), column.bins.count, spread=0.0)
        assert worth_of_rows(_column(column, days), {1: days[0]}) == Worth()


def test_rows_that_are_alike_count_for_what_the_variance_between_blocks_leaves(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    days = _days(np.random.default_rng(0), column.bins.count, spread=0.5)
    worth = worth_of_rows(_column(column, days), {1: days[0], 2: days[1]})
    assert worth.alike
    assert 0.01 < worth.current < 0.6
    assert worth.reference == pytest.approx(worth.current, rel=0.01)
    fewer = worth_of_rows(_column(column, days), {1: tuple(count // 10 for count in days[0])})
    assert worth.current < fewer.current < 1.0


def test_few_blocks_say_nothing(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    days = _days(np.random.default_rng(0), column.bins.count, spread=0.5, n_days=9)
    assert worth_of_rows(_column(column, days), {}) == Worth()
    assert worth_of_rows(msgspec.structs.replace(column, by_block=None), {}) == Worth()


def test_a_report_on_days_of_ups_and_downs_stays_quiet_where_independent_rows_would_not(make_world, refer, count):
    coloured = {True: 0, False: 0}
    for seed in range(12):
        world = make_world(seed, rows=400)
        reference = refer(world.days(0, 50))
        window: Window = count(world.days(50, 3), reference)
        assert window.blocks[0] * DAY > 0
        for alike in coloured:
            columns = reference.columns
            if not alike:
                columns = tuple(msgspec.structs.replace(column, by_block=None) for column in columns)
            found = judge_window(msgspec.structs.replace(reference, columns=columns), window)
            coloured[alike] += "delay" in found.moved
            assert found.rows_alike is alike
    assert coloured[False] >= 7
    assert coloured[True] <= 1


@pytest.mark.parametrize("shape", [(60, 13), (2000, 13), (12, 2), (10, 34)])
def test_the_main_direction_is_that_of_the_largest_singular_value(shape):
    moved = np.random.default_rng(shape[0]).normal(size=shape) * np.linspace(3.0, 1.0, shape[1])
    along = _main_direction(moved)
    _, _, directions = np.linalg.svd(moved, full_matrices=False)
    expected = moved @ directions[0]
    assert np.abs(along @ expected) == pytest.approx(np.linalg.norm(along) * np.linalg.norm(expected), rel=1e-12)
    assert np.sum(along**2) == pytest.approx(np.sum(expected**2), rel=1e-12)


def _hours(rng, n_bins, *, n_days=40, rows=40):
    """Hours whose rows know nothing of one another but what their day has in common."""
    out = []
    for _ in range(n_days):
        shares = np.exp(rng.normal(0, 0.4, size=n_bins - 3))
        out += [(0, *rng.multinomial(rows, shares / shares.sum()).tolist(), 0, 0) for _ in range(24)]
    return out


def test_what_a_day_has_in_common_is_taken_out_where_the_reference_counts_hours(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    hours = _hours(np.random.default_rng(0), column.bins.count)
    held, days = _column(column, hours), {i: np.asarray(hours[24 * i : 24 * i + 24]).sum(axis=0) for i in range(7)}
    blind = worth_of_rows(held, days)
    seen = worth_of_rows(held, days, table_us=HOUR, block_us=DAY)
    assert seen.current < blind.current / 2
    assert seen.reference < blind.reference / 2
    by_day = _column(column, [np.asarray(hours[i : i + 24]).sum(axis=0) for i in range(0, len(hours), 24)])
    assert seen.current == pytest.approx(worth_of_rows(by_day, days, table_us=DAY, block_us=DAY).current)


def test_hours_of_one_day_count_as_one_day(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    hours = _hours(np.random.default_rng(1), column.bins.count)
    held = _column(column, hours)
    one_day = {48 + i: hours[i] for i in range(24)}
    many_days = {48 + 24 * i: hours[i] for i in range(24)}
    whole = {2: np.asarray(hours[:24]).sum(axis=0)}
    current = worth_of_rows(held, one_day, table_us=HOUR, block_us=HOUR).current
    assert current == pytest.approx(worth_of_rows(held, whole, table_us=HOUR, block_us=DAY).current)
    assert worth_of_rows(held, many_days, table_us=HOUR, block_us=HOUR).current > 2 * current


def test_independent_rows_count_in_full_by_days_too(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    for seed in range(5):
        hours = _days(np.random.default_rng(seed), column.bins.count, spread=0.0, rows=40, n_days=40 * 24)
        assert worth_of_rows(_column(column, hours), {1: hours[0]}, table_us=HOUR, block_us=DAY) == Worth()


def test_a_timetable_that_drifts_with_the_season_counts_for_less_though_days_scatter_less_than_chance(world, refer):
    column = refer(world.days(0, 5)).column("delay")
    rng = np.random.default_rng(2)
    n, worths = column.bins.count - 3, {}
    for season in (0.0, 2.0):
        days = []
        for i in range(90):
            moved = season * np.sin(i / 14) * np.linspace(-1, 1, n) + rng.normal(size=n)
            days.append((0, *np.rint(40 + moved).astype(int).tolist(), 0, 0))
        worths[season] = worth_of_rows(_column(column, days), {1: days[0]}, table_us=DAY, block_us=DAY)
    assert worths[0.0] == Worth()
    assert worths[2.0].alike
