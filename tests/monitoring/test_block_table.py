"""Counts by block come back as they were, and add up to longer blocks."""

import msgspec
import pytest

from loopwright.monitoring.block_table import BlockTable, block_table, coarser


@pytest.mark.parametrize("most", [3, 300, 70_000, 1 << 33])
def test_counts_of_any_size_survive_json(most):
    table = block_table({9: (0, most), 4: (1, 2)}, 2)
    again = msgspec.json.decode(msgspec.json.encode(table), type=BlockTable)
    assert again == table
    assert msgspec.convert(msgspec.to_builtins(table, builtin_types=()), BlockTable) == table
    assert again.blocks == (4, 9)
    assert again.counts().tolist() == [[1, 2], [0, most]]


def test_the_newest_blocks_are_kept():
    assert block_table({1: (1,), 2: (2,), 3: (3,)}, 1, newest=2).blocks == (2, 3)
    assert block_table({}, 3).counts().shape == (0, 3)


def test_longer_blocks_hold_the_sum_of_theirs():
    names, counts = coarser(block_table({23: (1, 0), 24: (2, 5), 47: (4, 1)}, 2), 24)
    assert names == (0, 1)
    assert counts.tolist() == [[1, 0], [6, 6]]
