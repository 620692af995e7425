"""Rows are kept many at a time, before answers are given."""

import asyncio

import pytest
from tests.serving.applications.stage import course

from loopwright.errors import NoSpaceError
from loopwright.serving.applications.recording import Recorder
from loopwright.serving.applications.rows import Ended, RowMaker


class Sink:
    def __init__(self, *, full=False):
        self.batches, self.full = [], full

    def append(self, rows):
        if self.full:
            raise NoSpaceError("the disk is full")
        self.batches.append(list(rows))


def recorder(sink):
    return Recorder(sink, rows=RowMaker(secret=b"s"))


def test_calls_that_end_in_one_turn_are_one_write():
    async def run():
        sink = Sink()
        made = recorder(sink)
        await asyncio.gather(*(made.keep(course(), Ended(now=2.0)) for _ in range(5)))
        made.note(course(), Ended(now=2.0))
        assert not made.idle
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert made.idle
        return sink

    sink = asyncio.run(run())
    assert [len(batch) for batch in sink.batches] == [5, 1]


def test_a_row_that_cannot_be_kept_is_told_to_who_waits():
    async def run(made):
        made.note(course(), Ended(now=2.0))
        await made.keep(course(), Ended(now=2.0))

    with pytest.raises(NoSpaceError):
        asyncio.run(run(recorder(Sink(full=True))))
