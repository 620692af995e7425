"""Time, passed in. The one file that asks the machine what time it is.

Instants are integers: microseconds since 1970-01-01 UTC. They order, subtract and store without rounding.
"""

import re
import time
from datetime import UTC, datetime
from typing import Protocol

Micros = int
SECOND: Micros = 1_000_000
_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}
_UNITS["w"] = 7 * _UNITS["d"]


class Clock(Protocol):
    """What code that needs the time takes as a parameter."""

    def now(self) -> Micros:
        """The workspace's time: cron, cooldown, canary time and budgets go by it."""

    def monotonic(self) -> float:
        """Seconds that never go back: deadlines, latency, breakers and leases go by it."""

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of monotonic time."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Micros:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: TID251 - the owner of the clock


def micros(at: datetime) -> Micros:
    """`at` as microseconds since the epoch; a naive datetime is read as UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


FIRST_INSTANT: Micros = micros(datetime.min.replace(tzinfo=UTC))
LAST_INSTANT: Micros = micros(datetime.max.replace(tzinfo=UTC))
"""What a datetime can say: the years 1 to 9999."""


def to_datetime(at: Micros) -> datetime:
    """The UTC datetime of an instant."""
    whole, part = divmod(at, SECOND)
    return datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=part)


def iso(at: Micros) -> str:
    """RFC 3339 in UTC with microseconds, as `2013-04-01T00:00:00.000000Z`."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_duration(text: str) -> Micros:
    """Microseconds of a duration such as `90s`, `1h`, `30d`, `1h30m`.

    Raises:
        ValueError: The text is not a sequence of number and unit (ms, s, m, h, d, w).
    """
    parts = re.findall(r"(\d+)(ms|s|m|h|d|w)", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 90s, 1h, 30d or 1h30m")
    return sum(int(n) * _UNITS[u] for n, u in parts)
