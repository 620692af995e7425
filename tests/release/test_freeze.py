from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from loopwright.core.clock import iso, micros
from loopwright.errors import UsageError
from loopwright.release.freeze import Freeze, frozen_until

WEEKEND = Freeze("Fri 16:00", "Mon 08:00", "Europe/Berlin")


def at(text, zone="Europe/Berlin"):
    return micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("now", "inside"),
    [
        ("2026-11-20T15:59:59", False),
        ("2026-11-20T16:00:00", True),
        ("2026-11-22T12:00:00", True),
        ("2026-11-23T07:59:59", True),
        ("2026-11-23T08:00:00", False),
        ("2026-11-25T12:00:00", False),
    ],
)
def test_a_weekly_window_reaches_over_the_end_of_the_week(now, inside):
    found = WEEKEND.until(at(now))
    assert (found is not None) == inside
    if inside:
        assert found == at("2026-11-23T08:00:00")


def test_a_window_goes_by_the_clock_on_the_wall_in_summer_and_winter():
    assert iso(WEEKEND.until(at("2026-07-04T12:00:00"))) == "2026-07-06T06:00:00.000000Z"
    assert iso(WEEKEND.until(at("2026-12-05T12:00:00"))) == "2026-12-07T07:00:00.000000Z"


def test_a_window_within_the_week():
    nights = Freeze("Tue 22:00", "Wed 06:00")
    assert nights.until(at("2026-11-18T05:00:00", "UTC")) == at("2026-11-18T06:00:00", "UTC")
    assert nights.until(at("2026-11-17T21:00:00", "UTC")) is None


def test_a_window_for_once():
    holidays = Freeze("2026-12-24 12:00", "2027-01-02 08:00")
    assert holidays.until(at("2026-12-31T23:59:00", "UTC")) == at("2027-01-02T08:00:00", "UTC")
    assert holidays.until(at("2027-12-31T23:59:00", "UTC")) is None
    assert holidays.until(at("2027-01-02T08:00:00", "UTC")) is None


def test_of_several_windows_the_last_end_counts():
    longer = Freeze("Sat 00:00", "Tue 08:00", "Europe/Berlin")
    assert frozen_until([WEEKEND, longer], at("2026-11-22T12:00:00")) == at("2026-11-24T08:00:00")
    assert frozen_until([WEEKEND, longer], at("2026-11-20T17:00:00")) == at("2026-11-23T08:00:00")
    assert frozen_until([], at("2026-11-20T17:00:00")) is None


def test_universal_time_needs_no_database_of_zones(monkeypatch):
    monkeypatch.setattr("loopwright.release.freeze.ZoneInfo", None)
    assert Freeze("Tue 22:00", "Wed 06:00").until(at("2026-11-18T05:00:00", "UTC")) is not None


def test_it_survives_as_json():
    assert msgspec.json.decode(msgspec.json.encode(WEEKEND), type=Freeze) == WEEKEND


@pytest.mark.parametrize(
    "declared",
    [
        ("Fri", "Mon 08:00"),
        ("Fri 16:00", "someday"),
        ("Fri 16:00", "2026-12-24 12:00"),
        ("Fri 16:00", "Fri 16:00"),
        ("Fri 25:00", "Mon 08:00"),
        ("2026-12-24 12:00", "2026-12-24 11:00"),
        ("2026-12-24T12:00+01:00", "2026-12-25 11:00"),
        ("Fri 16:00", "Mon 08:00", "Europe/Nowhere"),
        ("Fri 16:00", "Mon 08:00", "../etc/passwd"),
    ],
)
def test_what_is_no_window_is_refused_with_a_fix(declared):
    with pytest.raises(UsageError) as caught:
        Freeze(*declared)
    assert caught.value.fix
