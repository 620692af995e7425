"""A home as it was at an instant, to be watched again: what came later is not seen, and nothing is written to it.

What watching itself wrote in the past is hidden, so that the rules of today start from nothing; what they write now
stays in memory. Not implementations of the seams for general use: only what watching asks of them is answered.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.app.monitor.days import KIND as DAY_KIND
from loopwright.app.monitor.incidents import KIND as INCIDENT
from loopwright.app.monitor.quality_days import KIND as QUALITY_DAY
from loopwright.app.monitor.words import SILENCE, WORD
from loopwright.app.notify.outbox import KIND as NOTIFICATION
from loopwright.core.clock import Clock, Micros
from loopwright.core.events import Event, EventDraft
from loopwright.errors import UsageError
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.blobs import Blobs
from loopwright.store.kv import KeyValues
from loopwright.store.ledger import Ledger, Record, RefMove

if TYPE_CHECKING:
    import polars as pl

OWN_KINDS = frozenset({"watch", DAY_KIND, INCIDENT, QUALITY_DAY, WORD, SILENCE, NOTIFICATION})
"""Kinds of records that watching writes."""
_MOST = 100_000


class PastClock:
    """Stands where it is put."""

    def __init__(self, at: Micros, machine: Clock) -> None:
        self.at = at
        self._machine = machine

    def now(self) -> Micros:
        return self.at

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        self._machine.sleep(seconds)


class PastLedger:
    """A ledger up to now, and what is written meanwhile, in memory.

    Args:
        base: The home's; it is only read.
        clock: Says when now is.
        moves: Refs that are as the caller says instead of as they were.
    """

    def __init__(self, base: Ledger, clock: PastClock, *, moves: Sequence[RefMove] = ()) -> None:
        self._base = base
        self._clock = clock
        self._own = MemoryLedger(clock=clock)
        self._moves: dict[str, tuple[RefMove, ...]] = {move.name: (move,) for move in moves}
        self._events: list[Event] | None = None

    def commit(
        self,
        *,
        expect: Mapping[str, str | None] | None = None,
        moves: Mapping[str, str | None] | None = None,
        records: Sequence[Record] = (),
        events: Sequence[EventDraft] = (),
        durability: str = "normal",  # noqa: ARG002 - nothing of it lasts
    ) -> tuple[Event, ...]:
        """Keep it in memory. Causes are left out: they name events of the home, which this journal does not have."""
        drafts = [msgspec.structs.replace(event, caused_by=()) for event in events]
        return self._own.commit(expect=expect, moves=moves, records=records, events=drafts)

    def ref(self, name: str) -> str | None:
        moves = self.history(name)
        return moves[-1].target if moves else None

    def refs(self, prefix: str = "") -> dict[str, str]:
        names = {*self._base.refs(prefix), *self._own.refs(prefix)}
        return {name: target for name in sorted(names) if (target := self.ref(name)) is not None}

    def history(self, name: str) -> tuple[RefMove, ...]:
        if name not in self._moves:
            self._moves[name] = self._base.history(name)
        past = tuple(move for move in self._moves[name] if move.at <= self._clock.at)
        return (*past, *self._own.history(name))

    def read(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """The home's journal up to now, without what it says of incidents."""
        if self._events is None:
            self._events = [event for event in _all(self._base) if not event.kind.startswith("incident")]
        first = bisect_right(self._events, after, key=lambda event: event.seq)
        found: list[Event] = []
        for event in self._events[first:]:
            if event.logical_at > self._clock.at or len(found) == limit:
                break
            found.append(event)
        return tuple(found)

    def record(self, kind: str, id: str) -> Record | None:
        own = self._own.record(kind, id)
        if own is not None or kind in OWN_KINDS:
            return own
        found = self._base.record(kind, id)
        return found if found is not None and found.at <= self._clock.at else None

    def search(
        self, kind: str, *, where: Mapping[str, Any] | None = None, order: str = "-at", limit: int = 100
    ) -> tuple[Record, ...]:
        own = self._own.search(kind, where=where, order=order, limit=limit)
        if own or kind in OWN_KINDS:
            return own
        found = self._base.search(kind, where=where, order=order, limit=_MOST)
        return tuple(record for record in found if record.at <= self._clock.at)[:limit]


class PastTables:
    """Tables up to now.

    Args:
        load: Gives all rows of a table, with `at`; asked once for each.
        clock: Says when now is.
    """

    def __init__(self, load: Callable[[str], "pl.DataFrame"], clock: PastClock) -> None:
        self._load = load
        self._clock = clock
        self._frames: dict[str, tuple[pl.DataFrame, Any]] = {}

    def scan(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
    ) -> "pl.DataFrame":
        import numpy as np
        import polars as pl

        if table not in self._frames:
            rows = self._load(table)
            rows = rows.sort("at", maintain_order=True) if rows.height else rows
            times = rows["at"].cast(pl.Int64).to_numpy() if rows.height else np.empty(0, np.int64)
            self._frames[table] = (rows, times)
        rows, times = self._frames[table]
        end = self._clock.at + 1 if until is None else min(until, self._clock.at + 1)
        low, high = np.searchsorted(times, [-(2**62) if since is None else since, end])
        found = rows[int(low) : max(int(high), int(low))]
        if columns is None:
            return found
        there = [pl.col(name) if name in rows.columns else pl.lit(None).alias(name) for name in columns]
        return found.select(there) if found.height else pl.DataFrame(schema=dict.fromkeys(columns, pl.Null))

    def append(self, table: str, rows: Sequence[Any]) -> None:  # noqa: ARG002 - the form
        """The past cannot be added to.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"rows of {table!r} cannot be added to the past")


class PastStores:
    """The stores of a home in the past. `home` is a folder that may be written and thrown away."""

    def __init__(
        self, *, home: Path, ledger: PastLedger, tables: PastTables, blobs: Blobs, key_values: Callable[[], KeyValues]
    ) -> None:
        self.home = home
        self.ledger = ledger
        self.tables = tables
        self.blobs = blobs
        self.replay = True
        self._key_values = key_values

    @property
    def kv(self) -> KeyValues:
        return self._key_values()


def _all(ledger: Ledger) -> list[Event]:
    found: list[Event] = []
    while page := ledger.read(after=found[-1].seq if found else 0, limit=5_000):
        found += page
    return found
