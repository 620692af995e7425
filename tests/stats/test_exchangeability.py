"""Betting on ranks: the stated mean time between false alarms holds, and real shifts are found soon."""

import msgspec
import numpy as np
import pytest

from loopwright.stats.exchangeability import (
    Detector,
    conformal_p,
    detector,
    martingale,
    observe,
    rank_bets,
    restart,
    wager,
)


def alarm_time(rng, *, threshold, columns, limit, calibration=60, shift=0.0):
    """Windows until the mean evidence over correlated columns reaches the threshold; `limit` where it does not."""
    shared = rng.normal(size=calibration + limit)
    stream = 0.6 * shared[:, None] + 0.8 * rng.normal(size=(calibration + limit, columns))
    stream[calibration:] += shift
    states = [detector(stream[:calibration, c].tolist()) for c in range(columns)]
    for t in range(limit):
        states = [observe(state, float(stream[calibration + t, c])) for c, state in enumerate(states)]
        if np.mean([state.evidence for state in states]) >= threshold:
            return t + 1
    return limit


def test_mean_time_between_false_alarms_is_at_least_the_threshold_over_several_correlated_columns():
    rng = np.random.default_rng(0)
    times = [alarm_time(rng, threshold=50, columns=4, limit=300) for _ in range(40)]
    assert np.mean(times) >= 50 * 1.5


@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 12])
def test_mean_time_between_false_alarms_holds_over_many_runs(columns):
    rng = np.random.default_rng(1)
    times = [alarm_time(rng, threshold=200, columns=columns, limit=1000) for _ in range(100)]
    assert np.mean(times) >= 200


def test_a_shift_of_two_deviations_is_found_within_days_at_one_false_alarm_in_a_thousand():
    rng = np.random.default_rng(2)
    times = [alarm_time(rng, threshold=1000, columns=1, limit=60, shift=2.0) for _ in range(20)]
    assert np.mean(times) < 12


@pytest.mark.parametrize("side", ["high", "low", "both"])
def test_each_bet_has_mean_at_most_one_and_nearly_one_for_long_histories(side):
    for ranks in (5, 30, 20_000):
        means = np.mean([rank_bets((k + 0.5) / ranks, side) for k in range(ranks)], axis=0)
        assert (means <= 1.0).all()
    assert means.max() > 0.99


def test_ranks_count_ties_one_half_and_stay_inside_the_unit_interval():
    assert conformal_p([1.0, 2.0, 3.0], 4.0) == 0.125
    assert conformal_p([1.0, 2.0, 3.0], 0.0) == 0.875
    assert conformal_p([2.0, 2.0, 2.0], 2.0) == 0.5
    assert conformal_p([], 5.0) == 0.5


def test_sides_see_only_their_own_direction():
    calibration = [float(i) for i in range(50)]
    rising = observe(detector(calibration, "high"), 100.0)
    falling = observe(detector(calibration, "low"), 100.0)
    both = observe(detector(calibration, "both"), 100.0)
    assert rising.evidence > both.evidence > 1 > falling.evidence


def test_a_restarted_detector_keeps_its_history_and_nothing_else():
    state = observe(detector([1.0, 2.0, 3.0]), 9.0)
    again = restart(state)
    assert again.history == (1.0, 2.0, 3.0, 9.0)
    assert again.evidence == 0.0


def test_state_survives_json():
    state = observe(detector([1.0, 2.0, 3.0]), 9.0)
    assert msgspec.json.decode(msgspec.json.encode(state), type=Detector) == state


def test_sums_stay_finite_however_long_a_change_lasts():
    state = detector([0.0] * 500 + [1.0], "high")
    state = msgspec.structs.replace(state, sums=(1e300, 1e300, 1e300))
    assert np.isfinite(observe(state, 5.0).evidence)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        observe(detector([1.0]), value)


def test_the_martingale_rarely_rejects_an_unchanged_stream_and_soon_a_changed_one():
    rng = np.random.default_rng(3)

    def p_value(shift):
        state = martingale(rng.normal(size=60).tolist())
        for value in rng.normal(shift, 1, size=60):
            state = wager(state, float(value))
        return state.p_value

    assert np.mean([p_value(0.0) <= 0.1 for _ in range(150)]) <= 0.1 + 2 * np.sqrt(0.09 / 150)
    assert np.mean([p_value(2.0) <= 0.01 for _ in range(20)]) > 0.9
