"""The sequential rule by itself, with a measure that says what it is told."""

import numpy as np
import polars as pl
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.detectors.row_window_rank import RowWindowRank
from loopwright.monitoring.row_reference import Calibration, RowReference


class Told:
    """The figure is the mean of the window."""

    name, scale, least_effect, most_windows = "told", "mean", 0.5, 100

    def __init__(self, p_value=0.001):
        self._p_value = p_value

    def sides(self, columns):
        return {"mean": "high"}

    def measure(self, base, window, *, explain):
        value = float(window["x"].mean())
        columns = ({"column": "x", "by": 1.0}, {"column": "y", "by": 0.1})
        return Measured(figures={"mean": value}, effect=abs(value), p_value=self._p_value, columns=columns)


def reference(values, memory=0.0):
    return RowReference(
        base=pl.DataFrame({"x": [0.0], "y": [0.0]}),
        figures={"mean": Calibration(memory=memory, values=tuple(values))},
        windows=len(values),
        rows=1,
        timed=False,
    )


def window(value):
    return pl.DataFrame({"x": [float(value)], "y": [1.0]})


def run(detector, values, *, first=0, step=1):
    state = detector.start()
    for number, value in enumerate(values):
        state = detector.update(state, window(value), period=first + step * number)
    return state


@pytest.fixture
def usual():
    return np.random.default_rng(0).normal(size=40)


def test_evidence_that_is_enough_for_a_slight_effect_opens_nothing(usual):
    detector = RowWindowRank(reference(usual), Told(), mean_time_between_false_alarms=50)
    great, slight = run(detector, [5.0] * 8), run(detector, [usual.max() + 0.01] * 8)
    assert detector.verdict(great).outcome is Outcome.FAIL
    assert detector.verdict(great).details["named"] == ["x"]
    within = RowWindowRank(reference(usual), Told(), mean_time_between_false_alarms=50, least_effect=4.0)
    assert within.verdict(slight).outcome is Outcome.PASS
    assert "under 4" in within.verdict(slight).reason


def test_the_mean_time_between_false_alarms_holds():
    alarms = windows = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        measure = Told()
        detector = RowWindowRank(
            reference(rng.normal(size=60)), measure, mean_time_between_false_alarms=50, least_effect=0.0
        )
        state = detector.start()
        for period in range(150):
            state = detector.update(state, window(rng.normal()), period=2 * period)
            windows += 1
            if detector.verdict(state).outcome is Outcome.FAIL:
                alarms += 1
                state = detector.reset(state)
    assert windows / max(alarms, 1) >= 50


def test_what_the_window_before_foretold_is_no_news(usual):
    detector = RowWindowRank(reference(usual, memory=0.9), Told(), mean_time_between_false_alarms=50)
    following, apart = run(detector, [5.0] * 3), run(detector, [5.0] * 3, step=2)
    assert following.figures[0].news == pytest.approx(0.5)
    assert apart.figures[0].news == pytest.approx(5.0 * np.sqrt(1 - 0.81), abs=1e-3)


def test_the_report_wants_a_window_beyond_all_of_the_reference_and_no_chance_and_an_effect(usual):
    high = usual.max() + 1.0
    sure, unsure = Told(), Told(p_value=0.5)
    for measure, value, wanted in (
        (sure, high, Outcome.WARN),
        (unsure, high, Outcome.PASS),
        (sure, usual.max() - 0.01, Outcome.PASS),
        (sure, -high, Outcome.PASS),
    ):
        detector = RowWindowRank(reference(usual), measure)
        assert detector.report(run(detector, [value])).outcome is wanted
    floor = RowWindowRank(reference(usual), sure, least_effect=1e6)
    assert floor.report(run(floor, [high])).outcome is Outcome.PASS
    assert floor.report(floor.start()).outcome is Outcome.UNKNOWN


def test_the_effect_is_of_the_recent_windows(usual):
    detector = RowWindowRank(reference(usual), Told())
    assert run(detector, [5.0]).effect == 5.0
    assert run(detector, [5.0, 0.0]).effect == pytest.approx(3.0)
    assert run(detector, [0.0, 0.0, 0.0, 5.0]).effect == pytest.approx(2.0)


def test_a_reset_lets_go_of_what_was_held_against_the_stream(usual):
    detector = RowWindowRank(reference(usual), Told(), mean_time_between_false_alarms=50)
    state = run(detector, [5.0] * 8)
    again = detector.update(detector.reset(state), window(0.0), period=99)
    assert detector.verdict(again).outcome is Outcome.PASS
    assert detector.verdict(again).value < 2.0
    assert len(again.figures[0].bets.history) == 49


def test_an_empty_window_is_passed_over(usual):
    detector = RowWindowRank(reference(usual), Told())
    state = detector.update(detector.start(), window(1.0).clear(), period=3)
    assert (state.windows, state.period) == (0, 3)
