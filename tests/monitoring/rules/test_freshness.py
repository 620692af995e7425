"""What `lw.watch.freshness` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import HOUR, MINUTE

FLIGHTS = lw.Dataset("flights", source="f.csv", event_time="at", fresh_within="2d")


def test_the_dataset_itself_says_how_old_it_may_be():
    assert lw.watch.freshness(FLIGHTS).watched[0].at_most == 2 * 86_400
    assert lw.watch.freshness(FLIGHTS, within="3h").name == "freshness(flights, 3h)"
    assert lw.watch.freshness(FLIGHTS).dataset == "flights"


def test_it_is_looked_at_four_times_within_the_limit_and_hourly_at_least():
    assert lw.watch.freshness(FLIGHTS).every == HOUR
    assert lw.watch.freshness(FLIGHTS, within="20m").every == 5 * MINUTE
    assert lw.watch.freshness(FLIGHTS, within="1m").every == MINUTE


@pytest.mark.parametrize("given", [("flights",), ("flights", "old"), ("",), (lw.Dataset("plain", source="f.csv"),)])
def test_without_a_limit_or_a_dataset_it_is_refused(given):
    with pytest.raises(UsageError):
        lw.watch.freshness(*given)
