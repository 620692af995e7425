"""From values to places on paper, and which round values to write beside them."""

import math
from collections.abc import Iterator
from datetime import datetime

import msgspec

from loopwright.core.clock import SECOND, Micros, micros, to_datetime

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
_STEPS = [s * SECOND for s in (1, 5, 15, 30)] + [m * MINUTE for m in (1, 2, 5, 10, 15, 30)]
_STEPS += [h * HOUR for h in (1, 3, 6, 12)] + [d * DAY for d in (1, 2, 7, 14)]
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 600, 1200)


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """A straight scale from `low..high` to pixels `start..end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of `value`, held inside the scale."""
        if self.high == self.low:
            return (self.start + self.end) / 2
        ratio = (value - self.low) / (self.high - self.low)
        return self.start + min(max(ratio, 0.0), 1.0) * (self.end - self.start)


def round_ticks(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """About `count` round values (1, 2 or 5 times a power of ten) from at or below `low` to at or above `high`."""
    span = high - low
    size = max(abs(low), abs(high))
    if not span > max(size * 1e-9, 1e-300):  # as good as one value: floats would not tell the ticks apart
        span = size if size > 1e-300 else 1.0
        low, high = low - span / 2, high + span / 2
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(float(f"{index * step:.12g}") for index in range(first, last + 1))


def time_ticks(low: Micros, high: Micros, count: int = 9) -> tuple[tuple[Micros, str], ...]:
    """At most about `count` round instants inside `low..high`, each with its label; the first says the day or year."""
    span = max(high - low, 1)
    step = next((step for step in _STEPS if span / step <= count), None)
    if step is not None:
        first = -(-low // step) * step
        instants = list(range(first, high + 1, step))
    else:
        months = next((m for m in _MONTHS if span / (m * 30 * DAY) <= count), _MONTHS[-1])
        instants = [at for at in _month_starts(low, high, months) if at >= low]
    return tuple(_labels(instants, step))


def _month_starts(low: Micros, high: Micros, months: int) -> Iterator[Micros]:
    year = to_datetime(low).year
    number = max(year * 12 // months * months, 12)
    while number < 120_000 and (at := _month_start(number)) <= high:
        yield at
        number += months


def _month_start(number: int) -> Micros:
    return micros(datetime(number // 12, number % 12 + 1, 1))  # noqa: DTZ001 - `micros` reads a naive datetime as UTC


def _labels(instants: list[Micros], step: Micros | None) -> Iterator[tuple[Micros, str]]:
    """Each instant with what has changed since the one before it: time of day, day, month, year."""
    before: datetime | None = None
    for instant in instants:
        at = to_datetime(instant)
        yield instant, _label(at, before, step)
        before = at


def _label(at: datetime, before: datetime | None, step: Micros | None) -> str:
    new_year = before is None or before.year != at.year
    if step is None:
        return f"{at:%b %Y}" if new_year else f"{at:%b}"
    day = f"{at.day} {at:%b}"
    if step >= DAY:
        return f"{day} {at.year}" if new_year else day
    clock = f"{at:%H:%M:%S}" if step < MINUTE else f"{at:%H:%M}"
    return f"{day} {clock}" if before is None or before.date() != at.date() else clock


def instant_text(at: Micros) -> str:
    """An instant for a reader, to the minute, as `3 Sep 2013 04:05`."""
    moment = to_datetime(at)
    return f"{moment.day} {moment:%b %Y %H:%M}"
