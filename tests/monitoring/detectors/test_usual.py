"""What is usual: silent over seasons and memory for as long as it promises, awake within hours."""

import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.usual import MIN_PAST, Usual
from loopwright.monitoring.period_figure import PeriodFigure

HOUR = 3_600_000_000
WEEK = 168


def counts(seed, hours, *, memory=0.7, weekend=0.5, base=200.0):
    """Requests an hour: a day's and a week's season, weather that remembers, and chance."""
    rng, hour = np.random.default_rng(seed), np.arange(hours)
    weather, noise = np.zeros(hours), rng.normal(size=hours)
    for place in range(1, hours):
        weather[place] = memory * weather[place - 1] + np.sqrt(1 - memory**2) * noise[place]
    season = np.sin(2 * np.pi * hour / 24) + np.log(weekend) * ((hour // 24) % 7 >= 5)
    return rng.poisson(base * np.exp(season + 0.15 * weather)).astype(float)


def detector(**options):
    given = {"period_us": HOUR, "mean_time_between_false_alarms": 8_760} | options
    return Usual("volume", **given)


def seen(usual, values, state=None, *, first=0):
    """The state after the values, and the numbers of the periods that it failed in."""
    state, failed = state or usual.start(), []
    for number, value in enumerate(values, start=first):
        figure = PeriodFigure(at=number * HOUR, value=value, n=int(value))
        state = usual.update(state, [figure], through=(number + 1) * HOUR)
        if state.alarmed is not None:
            failed.append(number)
    return state, failed


def test_it_is_unknown_until_it_has_a_past_and_says_how_much_it_needs():
    usual = detector()
    state, _ = seen(usual, counts(0, 60))
    verdict = usual.verdict(state)
    assert verdict.outcome is Outcome.UNKNOWN
    assert f"{MIN_PAST} are needed" in verdict.reason
    state, _ = seen(usual, counts(0, 24 * 6))
    assert usual.verdict(state).outcome is Outcome.PASS


def test_four_weeks_with_weekends_nights_and_weather_are_quiet():
    _, failed = seen(detector(), counts(1, 4 * WEEK))
    assert failed == []


@pytest.mark.parametrize(("factor", "within"), [(0.0, 4), (0.25, 8), (3.0, 8)])
def test_a_change_is_found_within_hours_and_says_what_would_be_usual(factor, within):
    usual, values = detector(), counts(2, 3 * WEEK + 24)
    changed = 3 * WEEK
    values[changed:] *= factor
    state, failed = seen(usual, values[: changed + within])
    assert failed
    assert failed[0] >= changed
    verdict = usual.verdict(state)
    assert verdict.outcome is Outcome.FAIL
    low, high = verdict.interval
    assert not low <= verdict.value <= high
    assert "is usual at this time" in verdict.reason


def test_what_differs_by_less_than_matters_opens_nothing():
    values = counts(3, 2 * WEEK + 48, base=100_000.0, weekend=1.0, memory=0.0)
    values[2 * WEEK :] *= 2.5
    assert seen(detector(least_change=0.0), values)[1]
    assert not seen(detector(least_change=4.0), values)[1]


def test_an_outage_is_no_part_of_what_is_usual_afterwards():
    usual, values = detector(), counts(4, 3 * WEEK + 30)
    values[3 * WEEK : 3 * WEEK + 10] = 0.0
    state, failed = seen(usual, values)
    assert failed
    assert failed[-1] < 3 * WEEK + 20
    assert usual.verdict(state).outcome is Outcome.PASS
    assert len(state.held) >= 8


def test_a_new_level_that_lasts_for_a_week_is_learned_anew():
    usual, values = detector(season="hour"), counts(5, 4 * WEEK, weekend=1.0)
    values[WEEK:] *= 5
    state, failed = seen(usual, values[: 2 * WEEK + 30])
    assert failed[0] < WEEK + 10
    assert state.alarmed is None
    assert state.first >= WEEK
    state, failed = seen(usual, values[2 * WEEK + 30 :], state, first=2 * WEEK + 30)
    assert failed == []


def test_periods_that_are_missing_are_no_figures_and_none_is_lost_after_a_long_gap():
    usual = detector()
    state, _ = seen(usual, counts(6, 3 * WEEK))
    state, failed = seen(usual, counts(6, 40), state, first=30 * WEEK)
    assert failed == []
    assert len(state.values) == 40


@pytest.mark.parametrize(("season", "scale"), [("none", "plain"), ("hour", "share")])
def test_figures_of_other_scales_are_judged_too(season, scale):
    rng = np.random.default_rng(7)
    values = rng.normal(0.1, 0.01, 3 * WEEK)
    values[-8:] += 0.2
    usual = Usual("behaviour", period_us=HOUR, mean_time_between_false_alarms=8_760, season=season, scale=scale)
    state, failed = seen(usual, values)
    assert failed
    assert failed[0] >= 3 * WEEK - 8
    assert usual.verdict(state).details["usual"] == pytest.approx(0.1, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("memory", "weekend", "season"), [(0.9, 1.0, "weekday"), (0.7, 0.5, "weekday"), (0.7, 0.5, "hour")]
)
def test_mean_time_between_false_alarms_holds_with_seasons_and_memory(memory, weekend, season):
    alarms = periods = 0
    for seed in range(3):
        usual = detector(mean_time_between_false_alarms=300, season=season, least_change=0.0)
        state = usual.start()
        for number, value in enumerate(counts(seed, 2_000, memory=memory, weekend=weekend)):
            figure = PeriodFigure(at=number * HOUR, value=value, n=int(value))
            state = usual.update(state, [figure], through=(number + 1) * HOUR)
            if state.alarmed is not None:
                alarms, state = alarms + 1, usual.reset(state)
        periods += state.judged
    assert alarms <= periods / 300
