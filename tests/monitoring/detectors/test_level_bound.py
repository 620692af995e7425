"""A bound on a figure: so many breaches in a row, and an interval that lies beyond it as a whole."""

import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.level_bound import LevelBound
from loopwright.monitoring.period_figure import PeriodFigure


def outcomes(detector, values):
    state, found = detector.start(), []
    for at, value in enumerate(values):
        figure = value if isinstance(value, PeriodFigure) else PeriodFigure(at=at, value=value, reason="no figure")
        state = detector.update(state, [figure], through=at + 1)
        found.append(detector.verdict(state).outcome.value)
    return found


def test_it_warns_until_there_are_enough_breaches_in_a_row_and_fails_until_there_are_as_many_good_ones():
    detector = LevelBound("memory", at_most=10, periods=3)
    seen = outcomes(detector, [9, 11, 9, 11, 12, 13, 9, 9, 11, 9, 9, 9])
    assert seen == ["pass", "warn", "pass", "warn", "warn", "fail", "fail", "fail", "fail", "fail", "fail", "pass"]


def test_a_missing_period_is_neither_a_breach_nor_a_recovery():
    assert outcomes(LevelBound("age", at_most=10, periods=2), [11, None, 11]) == ["warn", "unknown", "fail"]


@pytest.mark.parametrize(("low", "high", "outcome"), [(8.0, 12.0, "pass"), (10.5, 12.0, "fail")])
def test_a_figure_with_an_interval_breaches_only_with_all_of_it(low, high, outcome):
    figure = PeriodFigure(at=0, value=11.0, n=100, low=low, high=high)
    assert outcomes(LevelBound("mean", at_most=10), [figure]) == [outcome]


def test_both_bounds_hold():
    detector = LevelBound("rows", at_least=5, at_most=10)
    assert outcomes(detector, [4]) == outcomes(detector, [11]) == ["fail"]
    assert outcomes(detector, [5]) == outcomes(detector, [10]) == ["pass"]


def test_a_figure_that_rests_on_too_little_is_unknown():
    figure = PeriodFigure(at=0, value=99.0, n=3)
    assert outcomes(LevelBound("mean", at_most=10, min_count=20), [figure]) == ["unknown"]


def test_the_reason_says_the_figure_the_bound_and_what_is_odd_about_it():
    detector = LevelBound("age", at_most=7_200, unit="s")
    figure = PeriodFigure(at=0, value=12_345.0, reason="it has never landed")
    verdict = detector.verdict(detector.update(detector.start(), [figure], through=1))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "12,345 s, where at most 7,200 may be (it has never landed)"
