"""What `lw.watch.volume` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import HOUR
from loopwright.monitoring.rules.rule import DAY


def test_requests_are_counted_by_the_hour_and_landed_rows_by_the_day():
    assert (lw.watch.volume().name, lw.watch.volume().every, lw.watch.volume().dataset) == ("volume", HOUR, None)
    rows = lw.watch.volume(lw.Dataset("flights", source="f.csv"), at_least=100)
    assert (rows.name, rows.every, rows.dataset) == ("volume(flights, >= 100)", DAY, "flights")
    assert rows.cause("small") == "dataset:flights"


def test_bounds_make_an_alarm_at_once():
    assert lw.watch.volume(at_least=5, at_most=10).periods == 1
    assert lw.watch.volume(at_least=5, at_most=10).name == "volume(>= 5, <= 10)"


@pytest.mark.parametrize("given", [{"at_least": -1}, {"at_least": 9, "at_most": 3}, {"at_most": float("nan")}])
def test_what_cannot_hold_is_refused(given):
    with pytest.raises(UsageError):
        lw.watch.volume(**given)
