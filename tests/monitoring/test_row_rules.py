"""Which measure answers for which rule."""

import numpy as np
import polars as pl

from loopwright.core.verdict import Outcome
from loopwright.monitoring.row_reference import build_row_reference
from loopwright.monitoring.row_rules import measure_of, row_detector
from loopwright.monitoring.rules.confidence_drift import confidence_drift
from loopwright.monitoring.rules.embedding_drift import embedding_drift
from loopwright.monitoring.rules.rows_drift import METHODS, rows_drift
from loopwright.monitoring.rules.target_drift import target_drift
from loopwright.monitoring.rules.text_drift import text_drift
from loopwright.monitoring.sample import id_hashes


def test_every_rule_has_the_measure_that_it_names():
    assert [measure_of(rows_drift(method=method)).name for method in METHODS] == list(METHODS)
    assert [measure_of(embedding_drift("e", method=method)).name for method in METHODS] == list(METHODS)
    named = [measure_of(rule).name for rule in (text_drift("t"), confidence_drift(), target_drift())]
    assert named == ["text", "values", "values"]


def test_the_detector_keeps_to_what_the_rule_says():
    rule = target_drift(window="50 rows in 1d", mean_time_between_false_alarms=7, least_effect=0.9)
    values = pl.DataFrame({"(label)": np.random.default_rng(0).normal(size=4_000)})
    reference = build_row_reference(
        lambda places: values[places],
        id_hashes([str(place) for place in range(4_000)]),
        None,
        measure=measure_of(rule),
        rows=rule.rows,
        period_us=rule.window_us,
    )
    detector = row_detector(rule, reference)
    state = detector.start()
    for period in range(4):
        state = detector.update(state, pl.DataFrame({"(label)": [0.4 + i / 100 for i in range(50)]}), period=period)
    verdict = detector.verdict(state)
    assert (verdict.check, verdict.threshold, verdict.details["least_effect"]) == ("target_drift", 7, 0.9)
    assert verdict.value >= 7
    assert verdict.outcome is Outcome.PASS
    assert "under 0.9" in verdict.reason
