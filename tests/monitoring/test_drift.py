"""A drift rule and a reference make the detectors."""

import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.monitoring.drift import drift_report, incident_detector
from loopwright.monitoring.rules.drift import drift


def test_the_rule_sets_the_detector(world, refer, count):
    reference = refer(world.days(0, 30))
    detector = incident_detector(drift("delay", mean_time_between_false_alarms=77, least_effect=0.2), reference)
    state = detector.update(detector.start(), count(world.day(40), reference), through=41)
    verdict = detector.verdict(state)
    assert (verdict.check, verdict.threshold, verdict.details["least_effect"]) == ("drift(delay)", 77, 0.2)
    assert [entry["column"] for entry in verdict.details["columns"]] == ["delay"]


def test_the_report_follows_the_rule_too(world, refer, count):
    reference = refer(world.days(0, 30))
    verdict = drift_report(drift("carrier"), reference, count(world.days(30, 5, shift=3.0), reference))
    assert verdict.outcome is Outcome.PASS
    assert drift_report(drift(), reference, count(world.days(30, 5, shift=3.0), reference)).outcome is Outcome.WARN


def test_a_column_that_the_model_lacks_is_an_error_that_lists_what_it_has(world, refer):
    with pytest.raises(UsageError, match="'wind'") as caught:
        incident_detector(drift("wind"), refer(world.days(0, 30)))
    assert "delay, carrier" in caught.value.why
