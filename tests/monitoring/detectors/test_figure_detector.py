"""What every detector of a figure keeps to: pure, resumable, each period once, alarms that end."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.figure_detector import FigureDetector, new_figures
from loopwright.monitoring.detectors.level_bound import LevelBound, LevelState
from loopwright.monitoring.detectors.share_bound import ShareBound, ShareState
from loopwright.monitoring.detectors.usual import Usual, UsualState
from loopwright.monitoring.period_figure import PeriodFigure, share_figure

HOUR = 3_600_000_000
QUIET = 400
KINDS = {
    "share bound": (lambda: ShareBound("s", at_most=0.05, mean_time_between_false_alarms=1_000), ShareState),
    "level bound": (lambda: LevelBound("l", at_most=500.0, periods=2), LevelState),
    "usual": (lambda: Usual("u", period_us=HOUR, mean_time_between_false_alarms=1_000), UsualState),
}


def figures(first, count, *, bad=False):
    """Periods of about 1 % and 100 requests, or of 40 % and 4,000."""
    made = []
    for number in range(first, first + count):
        wobble = int(np.random.default_rng(number).integers(-5, 6))
        n, total = (4_000 + wobble, 1_600.0) if bad else (100 + wobble, 1.0 + (number % 2))
        made.append(msgspec.structs.replace(share_figure(number * HOUR, total, n, why_none=""), value=float(n)))
    return made


def fitted(name, made):
    """The figure in the form that the detector takes: the share itself for a bound on shares."""
    if name != "share bound":
        return made
    return [msgspec.structs.replace(figure, value=figure.total / figure.n) for figure in made]


@pytest.fixture(params=list(KINDS))
def kind(request):
    return request.param


def judged(name, *spans, through=None):
    detector: FigureDetector = KINDS[name][0]()
    state, first = detector.start(), 0
    for count, bad in spans:
        given = fitted(name, figures(first, count, bad=bad))
        state = detector.update(state, given, through=(first + count) * HOUR)
        first += count
    return detector, state, first


def test_nothing_seen_is_unknown_and_an_ordinary_stream_passes(kind):
    detector = KINDS[kind][0]()
    assert detector.verdict(detector.start()).outcome is Outcome.UNKNOWN
    _, state, _ = judged(kind, (QUIET, False))
    assert detector.verdict(state).outcome is Outcome.PASS


def test_a_lasting_change_fails_and_its_end_ends_the_alarm(kind):
    detector, state, first = judged(kind, (QUIET, False), (12, True))
    assert detector.verdict(state).outcome is Outcome.FAIL
    state = detector.update(state, fitted(kind, figures(first, 60)), through=(first + 60) * HOUR)
    assert detector.verdict(state).outcome is Outcome.PASS


def test_one_bad_period_is_no_alarm(kind):
    detector, state, _ = judged(kind, (QUIET, False), (1, True))
    assert detector.verdict(state).outcome in (Outcome.PASS, Outcome.WARN)


def test_a_figure_given_again_counts_once_and_only_whole_periods_count(kind):
    detector, state, first = judged(kind, (QUIET, False))
    more = fitted(kind, figures(0, first + 4, bad=True))
    once = detector.update(state, more, through=(first + 2) * HOUR)
    assert detector.update(once, more, through=(first + 2) * HOUR) == once
    stepped = detector.update(state, more, through=(first + 1) * HOUR)
    assert detector.update(stepped, more, through=(first + 2) * HOUR) == once
    assert detector.update(state, more, through=first * HOUR) == state


def test_a_clock_that_goes_back_judges_nothing_twice(kind):
    detector, state, first = judged(kind, (QUIET, False))
    assert detector.update(state, fitted(kind, figures(0, first)), through=3 * HOUR) == state


def test_a_state_resumes_from_json_and_its_verdict_is_json(kind):
    detector, state, _ = judged(kind, (QUIET, False), (12, True))
    assert msgspec.json.decode(msgspec.json.encode(state), type=KINDS[kind][1]) == state
    assert msgspec.json.encode(detector.verdict(state))


def test_after_a_reset_there_is_no_alarm_and_one_comes_back_if_it_goes_on(kind):
    detector, state, first = judged(kind, (QUIET, False), (12, True))
    told = detector.reset(state)
    assert detector.verdict(told).outcome is not Outcome.FAIL
    if kind == "usual":
        return  # what is expected of an hour that is held to be unusual is another test
    again = detector.update(told, fitted(kind, figures(first, 8, bad=True)), through=(first + 8) * HOUR)
    assert detector.verdict(again).outcome is Outcome.FAIL


def test_a_period_without_a_figure_is_unknown_and_changes_no_evidence(kind):
    detector, state, first = judged(kind, (QUIET, False))
    none = PeriodFigure(at=first * HOUR, reason="no request came")
    after = detector.update(state, [none], through=(first + 1) * HOUR)
    verdict = detector.verdict(after)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "no request came")
    assert after.sums == state.sums if hasattr(state, "sums") else after.breaches == state.breaches


def test_an_alarm_holds_while_nothing_is_seen(kind):
    detector, state, first = judged(kind, (QUIET, False), (12, True))
    gap = [PeriodFigure(at=(first + place) * HOUR, reason="no request came") for place in range(5)]
    assert detector.verdict(detector.update(state, gap, through=(first + 5) * HOUR)).outcome is Outcome.FAIL


def test_new_figures_are_those_of_the_span_in_order_the_first_of_each():
    given = [PeriodFigure(at=at, value=value) for at, value in ((3, 1.0), (1, 2.0), (2, 3.0), (2, 4.0), (5, 5.0))]
    found = new_figures(given, judged_through=2, through=5)
    assert [(figure.at, figure.value) for figure in found] == [(2, 3.0), (3, 1.0)]
