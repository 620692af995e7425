"""Cuts rows into blocks of event time: the unit by which drift and performance are judged."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

DAY: Micros = parse_duration("1d")


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A half-open stretch of event time, `[start, end)`, in microseconds."""

    start: Micros
    end: Micros

    def holds(self, at: Micros) -> bool:
        """Whether the instant is in it."""
        return self.start <= at < self.end


def day_of(at: Micros, *, length: Micros = DAY) -> Window:
    """The block that holds the instant; blocks start at multiples of `length` since 1970-01-01 UTC.

    Raises:
        UsageError: The length is not positive.
    """
    if length <= 0:
        raise UsageError("a block has no length", fix="Give a positive length in microseconds.")
    start = at - at % length
    return Window(start=start, end=start + length)


def complete_blocks(watermark: Micros, *, since: Micros, length: Micros = DAY) -> Iterator[Window]:
    """Every block from the one that holds `since` on that ended at or before the watermark, oldest first.

    Args:
        watermark: No row with an earlier event time is expected any more.
        since: Where to begin.
        length: Of a block, in microseconds.
    """
    block = day_of(since, length=length)
    while block.end <= watermark:
        yield block
        block = Window(start=block.end, end=block.end + length)


def blocks(
    frame: "pl.DataFrame", *, time: str = "event_time", length: Micros = DAY
) -> "Iterator[tuple[Window, pl.DataFrame]]":
    """The rows of each block that has any, oldest first; rows without an event time are in none.

    Args:
        frame: Rows with an integer column `time`, in microseconds.
        time: That column's name.
        length: Of a block, in microseconds.

    Raises:
        UsageError: The length is not positive.
    """
    import polars as pl

    day_of(0, length=length)
    if not frame.height:
        return
    rows = frame.filter(pl.col(time).is_not_null()).with_columns((pl.col(time) // length).alias("_block"))
    for (number,), part in rows.sort(time, maintain_order=True).group_by(["_block"], maintain_order=True):
        start = int(number) * length
        yield Window(start=start, end=start + length), part.drop("_block")
