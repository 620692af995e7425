import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import UsageError
from loopwright.observations.windows import DAY, Window, blocks, complete_blocks, day_of


@given(st.integers(-(10**16), 10**16), st.integers(1, 10**12))
def test_an_instant_lies_in_its_block(at, length):
    block = day_of(at, length=length)
    assert block.holds(at)
    assert block.end - block.start == length
    assert block.start % length == 0


def test_a_block_is_half_open():
    block = Window(start=10, end=20)
    assert (block.holds(10), block.holds(19), block.holds(20)) == (True, True, False)


def test_only_blocks_that_ended_by_the_watermark_are_complete():
    found = list(complete_blocks(3 * DAY, since=DAY + 5))
    assert found == [Window(start=DAY, end=2 * DAY), Window(start=2 * DAY, end=3 * DAY)]
    assert list(complete_blocks(2 * DAY - 1, since=DAY)) == []


@given(st.lists(st.one_of(st.none(), st.integers(-(10**13), 10**13)), max_size=40))
def test_blocks_share_out_every_row_that_has_a_time(times):
    frame = pl.DataFrame({"event_time": pl.Series(times, dtype=pl.Int64), "row": pl.int_range(len(times), eager=True)})
    found = list(blocks(frame))
    assert sorted(row for _, part in found for row in part["row"]) == [
        n for n, at in enumerate(times) if at is not None
    ]
    assert all(window.holds(at) for window, part in found for at in part["event_time"])
    starts = [window.start for window, _ in found]
    assert starts == sorted(set(starts))


def test_a_block_without_length_is_refused():
    with pytest.raises(UsageError):
        day_of(0, length=0)
    with pytest.raises(UsageError):
        list(blocks(pl.DataFrame({"event_time": [1]}), length=-1))


def test_an_empty_frame_has_no_blocks():
    assert list(blocks(pl.DataFrame())) == []
