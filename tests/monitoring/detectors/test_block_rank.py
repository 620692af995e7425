"""The incident rule: silent for as long as it promises, awake within days, and the same after a restart."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.block_rank import BlockRank, BlockRankState
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION


def run(detector, world, count, reference, days, *, start=60, stop=True, **moved):
    """The state and the day of the first alarm, or None."""
    state = detector.start(after=start - 1)
    for day in range(start, start + days):
        state = detector.update(state, count(world.day(day, **moved), reference), through=day + 1)
        if stop and detector.verdict(state).outcome is Outcome.FAIL:
            return state, day
    return state, None


@pytest.mark.parametrize(
    ("moved", "named"),
    [
        ({"shift": 1.5}, "delay"),
        ({"missing": 0.3}, "delay"),
        ({"carriers": (0.1, 0.2, 0.7)}, "carrier"),
        ({"rise": 0.2}, PREDICTION),
    ],
)
def test_a_change_is_found_within_two_weeks_and_named(world, refer, count, moved, named):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    state, day = run(detector, world, count, reference, 20, **moved)
    assert day is not None
    assert day < 74
    verdict = detector.verdict(state)
    assert named in verdict.details["named"]
    assert verdict.details["columns"][0]["counts"]
    assert verdict.value >= verdict.threshold == 1000


def test_alarms_without_change_are_rarer_than_stated(make_world, refer, count):
    alarms = 0
    for seed in range(12):
        world = make_world(seed, rows=60)
        reference = refer(world.days(0, 50))
        detector = BlockRank(reference, mean_time_between_false_alarms=100, least_effect=0.0)
        alarms += run(detector, world, count, reference, 100, start=50)[1] is not None
    assert alarms <= 12


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_mean_time_between_false_alarms_holds_also_when_bad_days_come_in_runs(make_world, refer, count, memory):
    alarms = days = 0
    for seed in range(40):
        world = make_world(seed, memory=memory, rows=60)
        reference = refer(world.days(0, 80))
        detector = BlockRank(reference, mean_time_between_false_alarms=200, least_effect=0.0)
        state = detector.start(after=79)
        for day in range(80, 380):
            state = detector.update(state, count(world.day(day), reference), through=day + 1)
            days += 1
            if detector.verdict(state).outcome is Outcome.FAIL:
                alarms += 1
                state = detector.reset(state)
    assert days / max(alarms, 1) >= 200


def test_thinned_traffic_is_no_change(make_world, refer, count):
    alarms = 0
    for seed in range(6):
        world = make_world(seed, rows=400)
        reference = refer(world.days(0, 60))
        detector = BlockRank(reference, least_effect=0.0)
        alarms += run(detector, world, count, reference, 60, rows=20)[1] is not None
    assert alarms == 0


def test_a_proven_but_slight_change_opens_nothing_unless_asked(make_world, refer, count):
    def alarm(least_effect):
        world = make_world(3, rows=3000)
        reference = refer(world.days(0, 60))
        detector = BlockRank(reference, least_effect=least_effect)
        return run(detector, world, count, reference, 25, carriers=(0.54, 0.29, 0.17))[1]

    assert alarm(0.0) is not None
    assert alarm(0.1) is None


def test_days_are_judged_once_and_only_when_complete(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    window = count(world.days(60, 5), reference)
    early = detector.update(detector.start(after=59), window, through=63)
    assert early.blocks == 3
    assert detector.update(early, window, through=63) == early
    late = detector.update(early, window, through=65)
    assert late == detector.update(detector.start(after=59), window, through=65)
    assert detector.update(detector.start(after=64), window, through=65).blocks == 0


def test_labels_that_come_later_are_judged_when_they_come(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    rows = world.days(60, 5)
    now = count({n: v for n, v in rows.items() if n != LABEL}, reference)
    later = count({n: rows[n] for n in (LABEL, "event_time")}, reference)
    state = detector.update(detector.update(detector.start(after=59), now, through=65), later, through=65)
    watched = {watch.column: watch.figures[0].bets.seen for watch in state.columns}
    assert watched == {"delay": 5, "carrier": 5, PREDICTION: 5, LABEL: 5}


def test_state_survives_json_and_goes_on_as_if_nothing_happened(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    first, second = count(world.days(60, 4), reference), count(world.days(64, 4), reference)
    state = detector.update(detector.start(after=59), first, through=64)
    resumed = msgspec.json.decode(msgspec.json.encode(state), type=BlockRankState)
    assert resumed == state
    assert detector.update(resumed, second, through=68) == detector.update(state, second, through=68)


def test_a_reset_forgets_the_evidence_and_keeps_the_days(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    state, _ = run(detector, world, count, reference, 20, shift=1.5)
    again = detector.reset(state)
    assert detector.verdict(again).outcome is Outcome.UNKNOWN
    assert again.columns[0].block == state.columns[0].block
    assert again.columns[0].figures[0].bets.history == state.columns[0].figures[0].bets.history
    assert msgspec.json.encode(detector.verdict(state))


def test_no_day_and_too_short_a_reference_are_unknown(world, refer, count):
    reference = refer(world.days(0, 60))
    assert BlockRank(reference).verdict(BlockRank(reference).start()).outcome is Outcome.UNKNOWN
    short = refer(world.days(0, 9))
    detector = BlockRank(short)
    state, _ = run(detector, world, count, short, 5, start=9, shift=5.0)
    verdict = detector.verdict(state)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "10 are needed" in verdict.reason


def test_only_the_named_columns_are_watched(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference, columns=("carrier",))
    state, day = run(detector, world, count, reference, 15, shift=3.0)
    assert day is None
    assert [watch.column for watch in state.columns] == ["carrier"]


def test_days_with_few_rows_are_passed_over(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    state = detector.update(detector.start(), count(world.day(61, rows=9, shift=9.0), reference), through=62)
    assert state == detector.start()


def test_a_gap_in_the_days_is_no_error_and_ages_what_is_recent(world, refer, count):
    reference = refer(world.days(0, 60))
    detector = BlockRank(reference)
    state = detector.update(detector.start(), count(world.day(60), reference), through=61)
    state = detector.update(state, count(world.day(74), reference), through=75)
    assert sum(state.columns[0].recent) == pytest.approx(200 + 50, abs=0.1)
    assert np.isfinite(state.columns[0].figures[0].bets.evidence)
    assert state.columns[0].block * DAY == 74 * DAY
