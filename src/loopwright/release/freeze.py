"""Freeze windows: when no release may gain traffic. Going back to the champion is always allowed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from loopwright.core.clock import Micros, micros, to_datetime
from loopwright.errors import UsageError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FIX = 'Write both as "Fri 16:00", for every week, or both as "2026-12-24 12:00", for once.'


class Freeze(msgspec.Struct, frozen=True):
    """A span in which no release advances or is promoted.

    Args:
        start: When it begins, as `Fri 16:00` for every week or `2026-12-24 12:00` for once.
        end: When it ends, written in the same way; before `start` in the week means the week after.
        zone: The time zone of both, by its IANA name.

    Raises:
        UsageError: One of them cannot be read.
    """

    start: str
    end: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            _zone(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UsageError(
                f"there is no time zone {self.zone!r}", fix="Write an IANA name such as Europe/Berlin."
            ) from error
        weekly = [_weekly(self.start), _weekly(self.end)]
        once = [_once(self.start), _once(self.end)]
        if None in weekly and None in once:
            raise UsageError(f"a freeze from {self.start!r} to {self.end!r} cannot be read", fix=_FIX)
        if weekly[0] == weekly[1] and None not in weekly:
            raise UsageError(f"a freeze from {self.start!r} to {self.end!r} never ends or never begins", fix=_FIX)
        first, last = once
        if first is not None and last is not None and last <= first:
            raise UsageError(f"a freeze from {self.start!r} ends before it begins, at {self.end!r}", fix=_FIX)

    def until(self, now: Micros) -> Micros | None:
        """When the window that `now` lies in ends; None where it lies in none. The end itself is outside."""
        zone = _zone(self.zone)
        local = to_datetime(now).astimezone(zone).replace(tzinfo=None)
        first, last = _once(self.start), _once(self.end)
        if first is not None and last is not None:
            return micros(last.replace(tzinfo=zone)) if first <= local < last else None
        begins, ends = _weekly(self.start), _weekly(self.end)
        if begins is None or ends is None:
            return None
        week = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=local.weekday())
        length = (ends - begins) % timedelta(weeks=1)
        for monday in (week, week - timedelta(weeks=1)):
            if monday + begins <= local < monday + begins + length:
                return micros((monday + begins + length).replace(tzinfo=zone))
        return None


def frozen_until(freezes: Sequence[Freeze], now: Micros) -> Micros | None:
    """When the last of the windows that `now` lies in ends; None where it lies in none."""
    return max((end for freeze in freezes if (end := freeze.until(now)) is not None), default=None)


def _zone(name: str) -> tzinfo:
    """The zone; UTC needs no database of zones, which small images lack."""
    return UTC if name == "UTC" else ZoneInfo(name)


def _weekly(text: str) -> timedelta | None:
    """Time since Monday 00:00."""
    day, _, clock = text.strip().partition(" ")
    try:
        at = datetime.strptime(clock.strip(), "%H:%M")  # noqa: DTZ007 - a time of day in the window's own zone
        return timedelta(days=_DAYS.index(day[:3].title()), hours=at.hour, minutes=at.minute)
    except ValueError:
        return None


def _once(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo is None else None
