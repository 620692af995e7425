"""Instants are whole microseconds, UTC, without rounding."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.clock import SECOND, SystemClock, iso, micros, parse_duration, to_datetime


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9998, 12, 31)))
def test_a_datetime_survives_the_way_there_and_back_to_the_microsecond(at: datetime) -> None:
    assert to_datetime(micros(at)) == at.replace(tzinfo=UTC)


def test_a_datetime_with_an_offset_is_the_same_instant_in_utc() -> None:
    there = datetime(2013, 4, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert micros(there) == micros(datetime(2013, 4, 1))


def test_iso_has_microseconds_and_says_utc() -> None:
    assert iso(1_364_774_400 * SECOND + 7) == "2013-04-01T00:00:00.000007Z"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h", 3600), ("30d", 2_592_000), ("1h30m", 5400), ("2w", 1_209_600), ("5ms", 0.005)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize("text", ["", "h", "1", "1 h", "-1h", "1.5h", "1h!", "1y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_the_system_clock_goes_forward_in_microseconds() -> None:
    clock = SystemClock()
    assert clock.now() > 1_700_000_000 * SECOND
    assert clock.monotonic() <= clock.monotonic()
