"""What `lw.watch.latency` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import HOUR, MINUTE


def test_a_bound_on_a_quantile_is_a_bound_on_the_share_of_slower_answers():
    rule = lw.watch.latency(p=0.95, at_most="50ms")
    (watched,) = rule.watched
    assert rule.name == "latency(p95 <= 50ms)"
    assert (watched.form, watched.at_most, rule.every) == ("share", pytest.approx(0.05), MINUTE)


def test_without_a_bound_the_quantile_is_held_against_what_is_usual():
    rule = lw.watch.latency()
    assert (rule.name, rule.every, rule.watched[0].bounded) == ("latency(p99)", HOUR, False)


@pytest.mark.parametrize("given", [{"p": 1.0}, {"p": 0}, {"at_most": "quick"}, {"at_most": "2h"}])
def test_what_cannot_hold_is_refused(given):
    with pytest.raises(UsageError):
        lw.watch.latency(**given)
