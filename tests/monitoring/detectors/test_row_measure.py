"""What every measure of whole rows keeps to, and the sequential rule with each of them."""

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.monitoring.detectors.row_worlds import worlds

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.domain_classifier import DomainClassifier
from loopwright.monitoring.detectors.mean_discrepancy import MeanDiscrepancy
from loopwright.monitoring.detectors.pca_reconstruction import PcaReconstruction
from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.detectors.row_window_rank import RowWindowRank, RowWindowState
from loopwright.monitoring.detectors.text_classifier import TextClassifier
from loopwright.monitoring.detectors.value_distance import ValueDistance
from loopwright.monitoring.row_reference import build_row_reference
from loopwright.monitoring.sample import id_hashes

MEASURES = [DomainClassifier(), PcaReconstruction(), MeanDiscrepancy(), TextClassifier(), ValueDistance()]
ROWS = 100
REFERENCES = {}


@pytest.fixture(params=MEASURES, ids=lambda measure: measure.name)
def measure(request):
    return request.param


def reference_of(measure):
    """A reference of 22 windows and a sample; made once for each measure."""
    if measure.name not in REFERENCES:
        table = worlds(measure.name)(0, 3_300)
        REFERENCES[measure.name] = build_row_reference(
            lambda places: table[places],
            id_hashes([str(place) for place in range(table.height)]),
            None,
            measure=measure,
            rows=ROWS,
            period_us=1,
        )
    return REFERENCES[measure.name]


def test_the_same_tables_give_the_same_figures_and_alike_ones_are_no_change(measure):
    make = worlds(measure.name)
    base, window = make(1, 600), make(2, 300)
    found = measure.measure(base, window, explain=True)
    assert found == measure.measure(base, window, explain=True)
    assert found.figures == measure.measure(base, window, explain=False).figures
    assert found.p_value > 0.01
    assert set(found.figures) == set(measure.sides(tuple(base.columns)))


def test_a_change_is_seen_with_an_effect_that_rows_do_not_blow_up(measure):
    make = worlds(measure.name)
    base = make(1, 600)
    small, large = (measure.measure(base, make(2, n, changed=True), explain=True) for n in (200, 600))
    assert large.p_value < 0.01
    assert small.effect > measure.least_effect
    assert large.effect == pytest.approx(small.effect, rel=0.5, abs=0.05)
    assert msgspec.json.encode(large)


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_few_rows_are_no_error(measure, rows):
    make = worlds(measure.name)
    for base, window in ((make(1, 400), make(2, rows)), (make(1, rows), make(2, 400))):
        found = measure.measure(base, window, explain=False)
        assert np.isfinite(found.effect)
        assert isinstance(found, Measured)


def test_all_missing_and_constant_rows_are_no_error(measure):
    make = worlds(measure.name)
    base = make(1, 400)
    for window in (nothing(base, 100), base[[0] * 100]):
        found = measure.measure(base, window, explain=True)
        assert np.isfinite(found.effect)
        assert msgspec.json.encode(found)
    assert np.isfinite(measure.measure(nothing(base, 100), base, explain=True).effect)


def nothing(table, rows):
    return pl.DataFrame(
        {
            name: pl.Series([None if kind == pl.Float64 else []] * rows, dtype=kind)
            for name, kind in table.schema.items()
        }
    )


def test_an_alarm_comes_within_windows_of_a_change_and_not_before(measure):
    reference, make = reference_of(measure), worlds(measure.name)
    detector = RowWindowRank(reference, measure, mean_time_between_false_alarms=100)
    state = detector.start(after=10)
    for period in range(11, 19):
        state = detector.update(state, make(period, ROWS), period=period)
        assert detector.verdict(state).outcome is Outcome.PASS
    for period in range(19, 27):
        state = detector.update(state, make(period, ROWS, changed=True), period=period)
        if detector.verdict(state).outcome is Outcome.FAIL:
            break
    verdict = detector.verdict(state)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.value >= verdict.threshold == 100
    assert detector.report(state).outcome is Outcome.WARN
    assert msgspec.json.encode([verdict, detector.report(state)])


def test_a_window_counts_once_and_a_state_resumes_from_json(measure):
    reference, make = reference_of(measure), worlds(measure.name)
    detector = RowWindowRank(reference, measure)
    state = detector.update(detector.start(after=0), make(5, ROWS), period=1)
    assert detector.update(state, make(6, ROWS), period=1) == state
    resumed = msgspec.json.decode(msgspec.json.encode(state), type=RowWindowState)
    assert resumed == state
    window = make(7, ROWS, changed=True)
    assert detector.update(resumed, window, period=2) == detector.update(state, window, period=2)


def test_a_window_without_values_can_be_stored_and_gone_on_from(measure):
    reference = reference_of(measure)
    detector = RowWindowRank(reference, measure)
    state = detector.update(detector.start(), nothing(reference.base, ROWS), period=1)
    resumed = msgspec.json.decode(msgspec.json.encode(state), type=RowWindowState)
    assert resumed == state
    verdict = detector.verdict(detector.update(resumed, worlds(measure.name)(8, ROWS), period=2))
    assert verdict.outcome in (Outcome.PASS, Outcome.FAIL)
    assert "came without a value" in detector.verdict(state).reason


def test_a_reset_forgets_the_evidence_and_keeps_the_ranks(measure):
    reference, make = reference_of(measure), worlds(measure.name)
    detector = RowWindowRank(reference, measure)
    state = detector.update(detector.start(), make(5, ROWS, changed=True), period=1)
    again = detector.reset(state)
    assert detector.verdict(again).outcome is Outcome.UNKNOWN
    assert again.period == 1
    assert [f.bets.history for f in again.figures] == [f.bets.history for f in state.figures]


@pytest.mark.parametrize("rows", [10, 700])
def test_too_short_a_reference_is_unknown_and_says_what_is_needed(measure, rows):
    table = worlds(measure.name)(0, rows)
    reference = build_row_reference(
        lambda places: table[places],
        id_hashes([str(place) for place in range(rows)]),
        None,
        measure=measure,
        rows=ROWS,
        period_us=1,
    )
    detector = RowWindowRank(reference, measure)
    state = detector.update(detector.start(), worlds(measure.name)(1, ROWS, changed=True), period=3)
    verdict = detector.verdict(state)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "20 are needed" in verdict.reason
    assert state.period == 3
