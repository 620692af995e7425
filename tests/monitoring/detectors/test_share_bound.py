"""A bound on a share: silent for as long as it promises, awake in minutes, and never by three requests."""

import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.share_bound import ShareBound
from loopwright.monitoring.period_figure import PeriodFigure, share_figure

A_YEAR_OF_MINUTES = 525_600


def bound(**options):
    return ShareBound("errors", **({"at_most": 0.01, "mean_time_between_false_alarms": A_YEAR_OF_MINUTES} | options))


def alarm(detector, shares_of_periods):
    """The number of periods until the alarm, or None."""
    state = detector.start()
    for number, (total, n) in enumerate(shares_of_periods):
        state = detector.update(state, [share_figure(number, total, n, why_none="none")], through=number + 1)
        if detector.verdict(state).outcome is Outcome.FAIL:
            return number + 1
    return None


def drawn(seed, share, n, periods):
    return [(float(k), n) for k in np.random.default_rng(seed).binomial(n, share, periods)]


def test_a_service_that_fails_every_request_alarms_in_three_minutes():
    assert alarm(bound(), [(50.0, 50)] * 10) == 3


@pytest.mark.parametrize("periods", [[(3.0, 3)], [(1.0, 1)] * 3, [(1.0, 1)] * 19, [(19.0, 19)]])
def test_three_requests_never_alarm_and_neither_do_nineteen(periods):
    assert alarm(bound(), periods) is None


def test_few_requests_a_minute_alarm_once_there_are_enough():
    assert alarm(bound(), [(1.0, 1)] * 40) == 20


def test_one_bad_minute_however_many_requests_it_has_is_no_alarm():
    assert alarm(bound(), [(0.0, 60_000)] * 5 + [(60_000.0, 60_000)] + [(0.0, 60_000)] * 5) is None


@pytest.mark.parametrize(("share", "at_most_periods"), [(0.02, 120), (0.05, 15), (0.3, 3)])
def test_a_share_over_its_bound_is_found_by_adding_minutes_up(share, at_most_periods):
    found = [alarm(bound(), drawn(seed, share, 100, 400)) for seed in range(5)]
    assert all(one is not None and one <= at_most_periods for one in found)


def test_a_share_at_its_bound_alarms_no_more_often_than_stated():
    detector = bound(mean_time_between_false_alarms=200)
    found = [alarm(detector, drawn(seed, 0.01, 200, 200)) for seed in range(30)]
    assert sum(one is not None for one in found) <= 15


def test_a_share_under_a_least_one_fails_and_one_over_it_passes():
    detector = bound(at_most=None, at_least=0.2)
    assert alarm(detector, drawn(1, 0.05, 100, 50)) is not None
    assert alarm(detector, drawn(1, 0.3, 100, 200)) is None


def test_values_between_0_and_1_may_stand_for_cases():
    rng = np.random.default_rng(3)
    scores = [(float(rng.beta(2, 8, 100).sum()), 100) for _ in range(300)]
    assert alarm(bound(at_most=0.25), scores) is None
    assert alarm(bound(at_most=0.15), scores) is not None


def test_the_verdict_gives_the_exact_interval_and_what_the_share_is_made_of():
    detector = bound()
    state = detector.start()
    for at in range(4):
        state = detector.update(
            state, [PeriodFigure(at=at, value=0.3, n=100, total=30.0, parts={"LW503": 0.3})], through=at + 1
        )
    verdict = detector.verdict(state)
    assert (verdict.value, verdict.n, verdict.threshold) == (0.3, 400, 0.01)
    assert verdict.interval == pytest.approx((0.243, 0.362), abs=0.001)
    assert verdict.details["parts"] == {"LW503": 0.3}


def test_under_the_least_count_the_verdict_is_unknown_also_when_all_is_well():
    detector = bound()
    state = detector.update(detector.start(), [share_figure(0, 0.0, 3, why_none="")], through=1)
    verdict = detector.verdict(state)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "3 cases" in verdict.reason


def test_periods_without_a_case_build_up_no_evidence():
    detector = bound(mean_time_between_false_alarms=50)
    state = detector.start()
    for number in range(200):
        empty = PeriodFigure(at=number, value=0.0, n=0, total=0.0)
        state = detector.update(state, [empty], through=number + 1)
    assert (state.judged, sum(state.sums)) == (0, 0.0)


def test_a_share_surely_beyond_its_bound_is_no_pass_before_it_is_an_alarm():
    detector = bound()
    for total, outcome in ((30.0, Outcome.WARN), (1.0, Outcome.PASS)):
        state = detector.update(detector.start(), [share_figure(0, total, 60, why_none="none")], through=1)
        assert detector.verdict(state).outcome is outcome
