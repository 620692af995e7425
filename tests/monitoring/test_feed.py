"""Rows become windows once each, however the reader is stopped, and a row in no window is told."""

import msgspec
import numpy as np
import polars as pl
import pytest

from loopwright.core.clock import SECOND
from loopwright.monitoring.feed import SETTLED_US, SKEW_US, Cut, FeedState, Strays, begun, fed, placed, unread
from loopwright.monitoring.window import Window

HOUR = 3_600 * SECOND
DAY = 24 * HOUR
T0 = 100 * DAY


class Log:
    """Rows that come to be written some time after they were received."""

    def __init__(self):
        self.rows = []

    def add(self, at, event_time=None, written=None):
        self.rows.append((f"r{len(self.rows)}", at, at if event_time is None else event_time, written or at))

    def read(self, since, until):
        held = [row[:3] for row in self.rows if since <= row[1] < until and row[3] <= until]
        return pl.DataFrame(
            held, schema={"request_id": pl.String, "at": pl.Int64, "event_time": pl.Int64}, orient="row"
        )


def look(state, cut, log, now):
    """One look; the state goes through JSON as it does in the ledger."""
    rows = unread(state, log.read(state.since, now))
    at, event_time = rows["at"].to_numpy(), rows["event_time"].to_numpy()
    blocks, counted, strays = placed(state, cut, at=at, event_time=event_time)
    kept = blocks[counted].tolist()
    window = Window(rows={block: kept.count(block) for block in set(kept)}, columns={"x": {}})
    state, closed = fed(state, cut, window, rows=rows, strays=strays, now=now)
    again = msgspec.json.decode(msgspec.json.encode(state), type=FeedState)
    assert again == state
    return again, closed


def test_each_day_is_finished_once_it_is_over_and_the_first_partial_one_is_left_out():
    log, cut = Log(), Cut(period_us=DAY)
    state = begun(cut, T0 + 5 * HOUR)
    found = {}
    for hour in range(5, 96):
        log.add(T0 + hour * HOUR)
        state, closed = look(state, cut, log, T0 + hour * HOUR + 60 * SECOND)
        found |= closed.rows
    assert found == {101: 24, 102: 24}
    assert state.open.rows == {103: 24}
    assert state.strays == Strays()


def test_windows_of_rows_are_filled_in_order_of_receipt_and_the_rest_is_carried():
    log, cut = Log(), Cut(rows=10)
    state = begun(cut, T0)
    found = {}
    for minute in range(7):
        for place in range(4):
            log.add(T0 + minute * 60 * SECOND + place)
        state, closed = look(state, cut, log, T0 + (minute + 1) * 60 * SECOND)
        found |= closed.rows
    assert found == {0: 10, 1: 10}
    assert state.open.rows == {2: 8}


@pytest.mark.parametrize("cut", [Cut(period_us=HOUR), Cut(rows=7)])
@pytest.mark.parametrize("seed", range(3))
def test_rows_written_behind_the_reader_s_back_are_read_once_whenever_it_looks(cut, seed):
    rng = np.random.default_rng(seed)
    log = Log()
    for at in np.sort(rng.integers(T0, T0 + 6 * HOUR, size=600)).tolist():
        log.add(at, written=at + int(rng.integers(0, SETTLED_US)))
    state, now, counted = begun(cut, T0 - SECOND), T0, 0
    while now < T0 + 6 * HOUR + SETTLED_US:
        now += int(rng.integers(SECOND, 30 * 60 * SECOND))
        state, closed = look(state, cut, log, now)
        counted += sum(closed.rows.values())
    assert counted + sum(state.open.rows.values()) + state.strays.late + _before_first(cut, state, log) == 600
    assert len(state.recent) <= 16 * 600


def _before_first(cut, state, log):
    return sum(row[2] // cut.period_us < state.first for row in log.rows) if cut.period_us else 0


def test_a_look_that_was_not_written_is_made_again():
    log, cut = Log(), Cut(rows=5)
    for place in range(23):
        log.add(T0 + place * SECOND)
    state = begun(cut, T0)
    look(state, cut, log, T0 + 10 * SECOND)
    after, closed = look(state, cut, log, T0 + 30 * SECOND)
    assert closed.rows == {0: 5, 1: 5, 2: 5, 3: 5}
    assert after.open.rows == {4: 3}


def test_rows_of_a_skewed_clock_and_late_ones_are_told_and_kept_out():
    log, cut = Log(), Cut(period_us=HOUR)
    state = begun(cut, T0)
    for minute in range(240):
        log.add(T0 + minute * 60 * SECOND)
    log.add(T0 + 2 * HOUR, event_time=T0 + 2 * HOUR + SKEW_US + 1)
    log.add(T0 + 2 * HOUR, event_time=T0 + 2 * HOUR - SKEW_US - 1)
    state, closed = look(state, cut, log, T0 + 4 * HOUR)
    log.add(T0 + 4 * HOUR, event_time=T0 + HOUR)
    state, more = look(state, cut, log, T0 + 5 * HOUR)
    assert closed.rows == {T0 // HOUR + 1: 60, T0 // HOUR + 2: 60, T0 // HOUR + 3: 60}
    assert more.rows == {}
    assert state.strays == Strays(late=1, ahead=1, behind=1)
    assert (
        state.strays.said
        == "1 rows late for their window, 1 rows with a time in the future, 1 rows with a time long past"
    )


def test_rows_that_always_come_a_day_late_have_their_windows_all_the_same():
    log, cut = Log(), Cut(period_us=DAY)
    state = begun(cut, T0)
    found = {}
    for day in range(1, 12):
        for place in range(20):
            log.add(T0 + day * DAY + 2 * HOUR, event_time=T0 + (day - 1) * DAY + place * HOUR)
        state, closed = look(state, cut, log, T0 + (day + 1) * DAY)
        found |= closed.rows
    assert state.strays.late == 0
    assert found.keys() >= set(range(101, 109))
    assert set(found.values()) == {20}
