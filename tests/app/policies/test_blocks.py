"""The blocks of the past."""

import pytest
from tests.app.policies.conftest import FIRST_DAY, ROWS_A_DAY

import loopwright as lw
from loopwright.app.policies.blocks import Blocks
from loopwright.app.policies.history import History
from loopwright.monitoring.reference import DAY


@pytest.mark.parametrize("window", ["70 rows", "6h", "1d"])
def test_days_that_cut_blocks_count_each_row_of_every_finished_block_once(history: History, window: str) -> None:
    blocks = Blocks(history=history, rule=lw.drift(window=window))
    seen: dict[int, int] = {}
    for day in range(FIRST_DAY, FIRST_DAY + 20):
        rows = blocks.whole(day * DAY, (day + 1) * DAY)
        through = blocks.number((day + 1) * DAY)
        counted: dict[int, int] = {}
        for block in blocks.of(rows).tolist():
            counted[block] = counted.get(block, 0) + 1
        for block, count in counted.items():
            if block < through and block not in seen:
                seen[block] = count
    whole = blocks.of(slice(0, 20 * ROWS_A_DAY)).tolist()
    finished = {block: whole.count(block) for block in set(whole) if block < blocks.number((FIRST_DAY + 20) * DAY)}
    assert seen == finished


def test_rows_are_numbered_from_the_beginning(history: History) -> None:
    assert Blocks(history=history, rule=lw.drift(window="1d")).row(FIRST_DAY * DAY) == 0
    assert Blocks(history=history, rule=lw.drift(window="1d")).row((FIRST_DAY + 2) * DAY) == 2 * ROWS_A_DAY
