"""References made of blocks: the windows before, or the same hours and weekdays."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.block_table import block_table
from loopwright.monitoring.likeness import worth_of_rows
from loopwright.monitoring.reference import DAY, HOUR
from loopwright.monitoring.reference_kinds import rolling_reference, season_of, seasonal_reference
from loopwright.monitoring.report_rule import judge_window
from loopwright.monitoring.window import Window, merge


def test_the_first_of_january_1970_was_a_thursday():
    assert season_of(0, DAY) == (3, 0)
    assert season_of(4 * 24 + 13, HOUR) == (0, 13)
    assert season_of(20_000, DAY) == season_of(20_007, DAY)


def test_a_rolling_reference_is_what_the_windows_before_held(make_world, refer, count):
    world = make_world(0, rows=500)
    reference = refer(world.days(0, 20))
    before = count(world.days(20, 7, carriers=(0.2, 0.3, 0.5)), reference)
    now = count(world.days(27, 2, carriers=(0.2, 0.3, 0.5)), reference)
    rolling = rolling_reference(reference, before)
    assert rolling.rows == 3_500
    assert rolling.column("carrier").counts == tuple(before.total("carrier"))
    assert "carrier" in judge_window(reference, now).moved
    assert "carrier" not in judge_window(rolling, now).moved
    assert judge_window(rolling_reference(reference, Window()), now).outcome is Outcome.UNKNOWN


def test_a_weekly_season_is_drift_to_a_frozen_reference_and_none_to_a_seasonal_one(make_world, refer, count):
    world = make_world(1, rows=600)

    def days(first, n):
        parts = [
            world.day(d, carriers=(0.2, 0.3, 0.5) if d % 7 == 2 else (0.5, 0.3, 0.2)) for d in range(first, first + n)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    reference = refer(days(0, 70))
    saturday = count(days(72, 1), reference)
    other = msgspec.structs.replace(
        reference, columns=tuple(msgspec.structs.replace(c, by_block=None) for c in reference.columns)
    )
    assert "carrier" in judge_window(other, saturday).moved
    seasonal = seasonal_reference(reference, saturday, DAY)
    assert seasonal.rows == 10 * 600
    assert seasonal.pairs == ()
    assert "carrier" not in judge_window(seasonal, saturday).moved
    moved = count(world.day(79, carriers=(0.5, 0.3, 0.2)), reference)
    assert "carrier" in judge_window(seasonal_reference(reference, moved, DAY), moved).moved


def test_a_mixture_of_seasons_is_worth_what_its_thinnest_part_allows(make_world, refer, count):
    world = make_world(2)
    reference = refer(world.days(0, 14))
    uneven = merge(count(world.day(14, rows=300), reference), count(world.day(15, rows=100), reference))
    mixed = seasonal_reference(reference, uneven, DAY).column("carrier")
    assert sum(mixed.counts) == pytest.approx(1 / (0.75**2 / 400 + 0.25**2 / 400), abs=2)


def test_hours_that_the_reference_never_saw_are_unknown(make_world, refer, count):
    world = make_world(3)
    reference = refer(world.days(0, 5))
    assert judge_window(seasonal_reference(reference, count(world.day(6), reference), DAY), Window()).outcome is (
        Outcome.UNKNOWN
    )
    unseen = count(world.day(6), reference)
    found = judge_window(seasonal_reference(reference, unseen, DAY), unseen)
    assert found.outcome is Outcome.UNKNOWN
    assert block_table({}, 3).blocks == ()


def test_days_of_ups_and_downs_stay_plain_beside_the_same_weekdays_too(make_world, refer, count):
    coloured = 0
    for seed in range(5):
        world = make_world(seed, rows=400)
        reference = refer(world.days(0, 50))
        window = count(world.days(50, 3), reference)
        found = judge_window(seasonal_reference(reference, window, DAY), window)
        assert found.rows_alike
        coloured += "delay" in found.moved
    assert coloured <= 1


def test_windows_before_keep_their_own_length(make_world, refer, count):
    world = make_world(4, rows=600)
    reference = refer(world.days(0, 14))
    before = count(world.days(14, 12), reference)
    assert reference.period_us == HOUR
    rolling = rolling_reference(reference, before, DAY)
    assert rolling.block_counts("delay", DAY)[0] == tuple(range(14, 26))
    assert not rolling_reference(reference, before).timed


def test_what_weekdays_add_does_not_make_days_alike(make_world, refer, count):
    world = make_world(5, rows=600)
    parts = [world.day(d, carriers=(0.2, 0.3, 0.5) if d % 7 == 2 else (0.5, 0.3, 0.2)) for d in range(70)]
    reference = refer({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    one = count(world.day(72), reference)
    found = seasonal_reference(reference, one, DAY)
    blocks = one.columns["carrier"]
    lengths = {"table_us": DAY, "block_us": DAY}
    frozen = worth_of_rows(reference.column("carrier"), blocks, table_us=HOUR, block_us=DAY)
    assert worth_of_rows(found.column("carrier"), blocks, **lengths).current > 10 * frozen.current
    assert worth_of_rows(found.column("delay"), blocks, **lengths).alike
    held = found.column("carrier").by_block.counts()
    assert held.sum() == pytest.approx(70 * 600, rel=0.001)
    assert held[2].sum() == pytest.approx(600, abs=5)
