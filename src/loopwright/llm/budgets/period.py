"""Periods of budgets: calendar days, weeks, months of UTC, by the workspace's clock."""

from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

from loopwright.core.clock import FIRST_INSTANT, LAST_INSTANT, Micros, micros, to_datetime

Every = Literal["day", "week", "month", "total"]
"""day, week (from Monday) and month begin anew; total never does."""
EVERY: tuple[Every, ...] = get_args(Every)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """From `start` until just before `end`; `label` names it, as 2026-11-20, 2026-W47, 2026-11 or all."""

    start: Micros
    end: Micros
    label: str


def period_of(every: Every, at: Micros) -> Period:
    """The period that an instant lies in."""
    if every == "total":
        return Period(start=FIRST_INSTANT, end=LAST_INSTANT, label="all")
    midnight = to_datetime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    if every == "day":
        return _between(midnight, midnight + timedelta(days=1), midnight.strftime("%Y-%m-%d"))
    if every == "week":
        monday = midnight - timedelta(days=midnight.weekday())
        year, week, _ = monday.isocalendar()
        return _between(monday, monday + timedelta(weeks=1), f"{year}-W{week:02d}")
    first = midnight.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return _between(first, following, first.strftime("%Y-%m"))


def _between(start: datetime, end: datetime, label: str) -> Period:
    return Period(start=micros(start), end=micros(end), label=label)
