"""How old a dataset is."""

import polars as pl
import pytest

import loopwright as lw
from loopwright.core.clock import to_datetime
from loopwright.data.landing import land_frame

TIMED = lw.Dataset("timed", event_time="at")
HOUR = 3_600_000_000


def land(served, *hours_ago):
    times = [to_datetime(served.start + 60_000_000 - int(hours * HOUR)).replace(tzinfo=None) for hours in hours_ago]
    frame = pl.DataFrame({"at": times, "v": [hours_ago[0]] * len(times)})
    land_frame(served.workspace.stores, TIMED, frame, clock=served.workspace.clock)


def test_the_age_is_that_of_the_newest_event(served):
    land(served, 30, 5)
    land(served, 9)
    (figure,) = served.figures(lw.watch.freshness("timed", within="2d"))
    assert figure.value == pytest.approx(5 * 3_600)


def test_without_event_times_the_age_is_that_of_the_landing(served):
    (figure,) = served.figures(lw.watch.freshness("table", within="2d"))
    assert 0 < figure.value < 2 * 3_600


def test_a_dataset_that_never_landed_is_as_old_as_the_watch(served):
    (figure,) = served.figures(lw.watch.freshness("never", within="2d"), began=7 * HOUR)
    assert figure.value == pytest.approx(7 * 3_600 + 60)
    assert "never landed" in figure.reason


def test_an_event_in_the_future_hides_no_staleness_and_is_told(served):
    land(served, 50)
    land(served, -20)
    (figure,) = served.figures(lw.watch.freshness("timed", within="2d"))
    assert figure.value == pytest.approx(50 * 3_600)
    assert "lies in the future" in figure.reason


def test_with_events_in_the_future_only_the_age_is_unknown(served):
    land(served, -20)
    (figure,) = served.figures(lw.watch.freshness("timed", within="2d"))
    assert figure.value is None
    assert "a clock is wrong" in figure.reason


def test_a_period_that_was_missed_has_no_age(served):
    assert served.read(lw.watch.freshness("timed", within="2d"), newest=False).figures == {}
