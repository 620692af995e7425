"""Times of day and week: cron expressions, in a time zone, and what is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from loopwright.core.clock import Micros, micros, parse_duration, to_datetime
from loopwright.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A schedule.

    Attributes:
        expression: Minute, hour, day of month, month, day of week, as `0 3 * * MON`.
        zone: The time zone that it is read in.
        cooldown: How long after one retrain it starts no other, in microseconds.
    """

    expression: str
    zone: str = "UTC"
    cooldown: Micros = 0


def cron(expression: str, *, zone: str = "UTC", cooldown: str = "0s") -> Cron:
    """A schedule, for `retrain=` and for `lw.Score`.

    Args:
        expression: Five fields: minute, hour, day of month, month, day of week; `0 3 * * MON` is Mondays at three.
        zone: An IANA time zone, as `Europe/Berlin`.
        cooldown: For a retrain: how long after the last one it waits.

    Raises:
        UsageError: The expression, the zone or the cooldown is none.
    """
    try:
        CronSim(expression, datetime(2000, 1, 1, tzinfo=ZoneInfo(zone)))
        return Cron(expression=expression, zone=zone, cooldown=parse_duration(cooldown))
    except (CronSimError, ValueError, KeyError, OSError) as error:
        raise UsageError(
            f"cron({expression!r}, zone={zone!r}) is no schedule",
            why=str(error),
            fix='Write five fields, as lw.cron("0 3 * * MON", zone="Europe/Berlin").',
        ) from error


def due(schedule: Cron, last: Micros, now: Micros) -> Micros | None:
    """The newest instant of the schedule after `last` and not after `now`: missed ones count once. Pure."""
    at = to_datetime(now).astimezone(ZoneInfo(schedule.zone)) + timedelta(seconds=1)
    newest = next(CronSim(schedule.expression, at, reverse=True), None)
    found = None if newest is None else micros(newest)
    return found if found is not None and last < found <= now else None
