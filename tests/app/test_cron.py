"""What is due, by table."""

from datetime import UTC, datetime

import pytest

from loopwright.app.cron import cron, due
from loopwright.core.clock import micros
from loopwright.errors import UsageError


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("last", "now", "wanted"),
    [
        ("2026-01-05T02:00", "2026-01-05T02:59:59", None),
        ("2026-01-05T02:00", "2026-01-05T03:00:00", "2026-01-05T03:00"),
        ("2026-01-05T02:00", "2026-01-05T09:30", "2026-01-05T03:00"),
        ("2026-01-05T03:00", "2026-01-05T09:30", None),
        ("2026-01-05T03:00", "2026-01-12T02:59", None),
        ("2025-01-05T03:00", "2026-01-13T00:00", "2026-01-12T03:00"),
        ("2026-01-06T00:00", "2026-01-05T09:30", None),
    ],
)
def test_missed_times_are_due_once(last: str, now: str, wanted: str | None) -> None:
    found = due(cron("0 3 * * MON"), at(last), at(now))

    assert found == (at(wanted) if wanted else None)


def test_a_zone_moves_the_hour_and_its_summer_time_too() -> None:
    schedule = cron("0 3 * * *", zone="Europe/Berlin")

    assert due(schedule, 0, at("2026-01-05T12:00")) == at("2026-01-05T02:00")
    assert due(schedule, 0, at("2026-07-05T12:00")) == at("2026-07-05T01:00")


def test_every_instant_of_a_week_is_due_exactly_once() -> None:
    schedule, last, found = cron("*/20 * * * *"), at("2026-01-05T00:00"), 0
    for minute in range(7 * 24 * 60):
        now = at("2026-01-05T00:00") + minute * 60_000_000
        instant = due(schedule, last, now)
        if instant is not None:
            found, last = found + 1, instant
    assert found == 7 * 24 * 3 - 1


@pytest.mark.parametrize(
    ("expression", "named"),
    [("0 3 * *", {}), ("61 * * * *", {}), ("0 3 * * *", {"zone": "Mars/Olympus"}), ("* * * * *", {"cooldown": "soon"})],
)
def test_what_is_no_schedule_is_refused_when_it_is_written(expression: str, named: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no schedule"):
        cron(expression, **named)  # type: ignore[arg-type]
