"""Rows as they come, cut into finished windows. Pure: rows and a state in, finished windows and a state out.

A window is finished when its period of event time is over, or when it has its rows, in order of receipt. Rows of a
window that is not finished are carried in the state as counts, never as rows. The state remembers who was read of late,
so that rows which a slow worker writes behind the reader's back are read at the next look, and none is read twice.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.core.clock import SECOND, Micros
from loopwright.monitoring.window import Window, merge

if TYPE_CHECKING:
    import polars as pl

SETTLED_US: Micros = 120 * SECOND
"""Age from which every row that was received is in the log: longer than any request may take."""
SKEW_US: Micros = 31 * 86_400 * SECOND
"""Distance of a row's event time from its receipt beyond which one of the clocks is wrong."""
_MOST_LAG: Micros = 7 * 86_400 * SECOND
_MOST_RECENT = 200_000
"""Rows remembered as read; a log that takes more in two minutes may be read a little too early."""


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """How rows are cut into windows: by so long a period of event time, or by so many rows."""

    period_us: Micros | None = None
    rows: int | None = None


class Strays(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are in no window.

    Attributes:
        late: Came after their window was finished.
        ahead, behind: Event time further from their receipt than any clock goes wrong by chance.
    """

    late: int = 0
    ahead: int = 0
    behind: int = 0

    @property
    def said(self) -> str:
        """In words; empty where there are none."""
        named = {
            "late for their window": self.late,
            "with a time in the future": self.ahead,
            "with a time long past": self.behind,
        }
        return ", ".join(f"{count} rows {what}" for what, count in named.items() if count)


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """Plain JSON.

    Attributes:
        started: Rows received before it are never read.
        first: The first window that may hold rows; earlier ones were another model's.
        through: The first window that is not finished.
        read_until: Rows received before it have been read, but for those that were not in the log yet.
        recent: What was read of the two minutes before that: a hash of each row's id, and when it was received.
        lag: How long after its event time a row is received, but for one in a hundred; 0 where that is within
            `SETTLED_US`. A period of time is over when that has passed as well.
        rows: Rows counted so far, in windows of rows.
        open: Counts of the windows that are not finished.
        strays: All so far.
    """

    started: Micros
    first: int
    through: int
    read_until: Micros
    recent: bytes = b""
    lag: Micros = 0
    rows: int = 0
    open: Window = Window()
    strays: Strays = Strays()

    @property
    def since(self) -> Micros:
        """Rows received from here on are to be given to `unread`."""
        return max(self.read_until - SETTLED_US, self.started)


def begun(cut: Cut, now: Micros) -> FeedState:
    """The state at a moment when rows begin to count; the period under way is partial and is left out."""
    first = 0 if cut.period_us is None else now // cut.period_us + 1
    return FeedState(started=now, first=first, through=first, read_until=now)


def unread(state: FeedState, rows: "pl.DataFrame") -> "pl.DataFrame":
    """The rows received since `state.since` that were not read yet, in order of receipt.

    Args:
        state: Before.
        rows: With `at`, `event_time` and `request_id`.
    """
    import polars as pl

    if not rows.height:
        return rows
    rows = rows.filter(pl.col("at") >= state.since).sort(["at", "request_id"])
    again = rows.filter(pl.col("at") < state.read_until)
    if not again.height:
        return rows
    known = np.isin(_hashes(again), _remembered(state.recent)[:, 0])
    return pl.concat([again.filter(~known), rows.filter(pl.col("at") >= state.read_until)])


def placed(
    state: FeedState, cut: Cut, *, at: NDArray[np.int64], event_time: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], Strays]:
    """The window of each unread row (n,), which of them count (n,), and how many stray."""
    if cut.rows is not None:
        blocks = (state.rows + np.arange(at.size, dtype=np.int64)) // cut.rows
        return blocks, np.ones(at.size, dtype=bool), Strays()
    blocks = event_time // (cut.period_us or 1)
    ahead, behind = event_time > at + SKEW_US, event_time < at - SKEW_US
    late = (blocks < state.through) & (blocks >= state.first) & ~behind
    counted = ~(ahead | behind | late) & (blocks >= state.first)
    return blocks, counted, Strays(late=int(late.sum()), ahead=int(ahead.sum()), behind=int(behind.sum()))


def fed(
    state: FeedState, cut: Cut, counted: Window, *, rows: "pl.DataFrame", strays: Strays, now: Micros
) -> tuple[FeedState, Window]:
    """The state after rows were counted, and the windows that are finished now.

    Args:
        state: Before.
        cut: The same as before.
        counted: The rows' counts by window.
        rows: All that were unread.
        strays: Those of them that are in no window.
        now: Up to which the log was read.
    """
    open_ = merge(state.open, counted)
    seen = state.rows + (rows.height if cut.rows is not None else 0)
    lag = _lag(state, rows)
    over = seen // cut.rows if cut.rows is not None else (now - lag) // (cut.period_us or 1)
    through = max(state.through, over)
    after = FeedState(
        started=state.started,
        first=state.first,
        through=through,
        read_until=now,
        recent=_recent(state, rows, now),
        lag=lag,
        rows=seen,
        open=open_.between(through),
        strays=Strays(
            late=state.strays.late + strays.late,
            ahead=state.strays.ahead + strays.ahead,
            behind=state.strays.behind + strays.behind,
        ),
    )
    return after, open_.between(state.first, through)


def _lag(state: FeedState, rows: "pl.DataFrame") -> Micros:
    """The lag of these rows, or half of what it was where that is more."""
    if not rows.height:
        return state.lag
    behind = rows["at"].to_numpy() - rows["event_time"].to_numpy()
    usual = behind[behind <= SKEW_US]
    found = int(np.quantile(usual, 0.99)) if usual.size else 0
    return max(min(found, _MOST_LAG) if found > SETTLED_US else 0, state.lag // 2)


def _recent(state: FeedState, rows: "pl.DataFrame", now: Micros) -> bytes:
    """What was read of the last two minutes, at this look and at those before it."""
    import polars as pl

    old = _remembered(state.recent)
    old = old[old[:, 1] >= max(now - SETTLED_US, 0)]
    young = rows.filter(pl.col("at") >= now - SETTLED_US) if rows.height else rows
    if not young.height:
        return old.tobytes()
    fresh = np.stack((_hashes(young), young["at"].to_numpy().astype("<u8")), axis=1)
    return np.concatenate((old, fresh))[-_MOST_RECENT:].astype("<u8").tobytes()


def _remembered(recent: bytes) -> NDArray[np.uint64]:
    """(n, 2) hashes and times of receipt."""
    return np.frombuffer(recent, dtype="<u8").reshape(-1, 2)


def _hashes(rows: "pl.DataFrame") -> NDArray[np.uint64]:
    """(n,) eight bytes of a digest of each request's id: the same in every process and version."""
    digests = (blake2b(name.encode(), digest_size=8).digest() for name in rows["request_id"].to_list())
    return np.frombuffer(b"".join(digests), dtype="<u8")
