"""How sure answers are, as a loop file declares it."""

from loopwright.monitoring.rules.confidence_drift import ConfidenceDriftRule, confidence_drift


def test_all_that_there_is_to_set():
    rule = confidence_drift(window="200 rows in 6h", severity="critical", owner="team")
    assert rule == ConfidenceDriftRule(rows=200, window_us=21_600_000_000, severity="critical", owner="team")
    assert rule.name == "confidence_drift"
