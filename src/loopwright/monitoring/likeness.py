"""Are the rows of a block alike? Then they tell less than so many independent rows would.

One storm delays every flight of a day. The blocks of the reference show it: their shares differ by more than chance.
The variance of a window's mean is then the variance within blocks over its rows plus the variance between blocks over
its blocks, and rows count for the ratio of what independence would have given (design effect: Kish 1965). The variance
between blocks is that along the direction in which they differ most, which is most often the place. Blocks also
remember: where one follows another, the variance between them counts (1 + r) / (1 - r) times, for lag-1 correlation r.
Where they surely remember, all of a block's variance does: days of a timetable scatter less than chance would, and
still drift with the season.

Hours do not show what a day has in common, nor days what an hour has: rows are worth the smaller of both.
"""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
import numpy as np

from loopwright.monitoring.block_table import BlockTable, coarser
from loopwright.monitoring.blocks import grouped, groups_of, memory_of
from loopwright.monitoring.reference import DAY, ColumnReference
from loopwright.stats.arrays import Floats, floats

_LEAST_BLOCKS = 10
_LEAST_ROWS = 5
_CERTAIN = 1e-4
"""Chance of finding rows of independent blocks alike."""
_SURE_MEMORY = 3.7
"""Standard errors, 1 / sqrt(blocks), from which blocks surely remember: the same chance."""


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What a row counts for in a test, on either side, in (0, 1]."""

    reference: float = 1.0
    current: float = 1.0

    @property
    def alike(self) -> bool:
        """Whether rows were found to be alike."""
        return self.reference < 1.0 or self.current < 1.0


def worth_of_rows(
    column: ColumnReference,
    blocks: Mapping[int, tuple[int, ...]],
    *,
    table_us: int | None = None,
    block_us: int | None = None,
) -> Worth:
    """What the reference's rows and those of a window's blocks are worth; 1 where the reference has few blocks.

    Args:
        column: Of the reference.
        blocks: The window's counts (n_bins,) by block.
        table_us: Length of the blocks of `column.by_block`, which are added up to days where they are shorter; None
            where they are not of time, so that they count as they are.
        block_us: Length of the window's blocks; None for windows of rows, which are taken to come as fast as the
            reference's did.
    """
    if column.by_block is None:
        return Worth()
    factors = {1} if table_us is None or DAY % table_us else {1, DAY // table_us}
    found = []
    for factor in factors:
        length = None if table_us is None else table_us * factor
        spread = _spread(column.by_block, factor, ordered=column.bins.ordered)
        found.append(_worth(spread, _rows_at_once(blocks, length, block_us)))
    return Worth(reference=min(each.reference for each in found), current=min(each.current for each in found))


def _rows_at_once(blocks: Mapping[int, tuple[int, ...]], length_us: int | None, block_us: int | None) -> float:
    """The window's rows that fall in one block of that length, as far as its own blocks show it."""
    rows = float(sum(sum(row) for row in blocks.values()))
    if length_us is None or block_us is None:
        return rows
    return rows / max(len({block * block_us // length_us for block in blocks}), 1)


@lru_cache(maxsize=8_192)
def _spread(table: BlockTable, factor: int, *, ordered: bool) -> tuple[float, float] | None:
    """See `_between`, for blocks of `factor` times the table's; None where there are few. The same for every window."""
    numbers, counts = coarser(table, factor)
    kept = counts.sum(axis=1) >= _LEAST_ROWS
    if kept.sum() < _LEAST_BLOCKS:
        return None
    groups = groups_of(counts.sum(axis=0)) if ordered else ()
    return _between(grouped(counts[kept], groups), tuple(np.asarray(numbers)[kept].tolist()))


def _worth(spread: tuple[float, float] | None, rows_at_once: float) -> Worth:
    if spread is None:
        return Worth()
    between, mean_rows = spread
    return Worth(
        reference=1.0 / (1.0 + between * mean_rows),
        current=1.0 / (1.0 + between * min(rows_at_once, mean_rows)),
    )


def _between(counts: Floats, numbers: tuple[int, ...]) -> tuple[float, float]:
    """The variance between blocks over that of a single row, memory included, and the mean rows of a block.

    Args:
        counts: (n_blocks, n_groups).
        numbers: The blocks.
    """
    from scipy import special

    rows = counts.sum(axis=1)
    held = counts.sum(axis=0) > 0
    shares = counts[:, held].sum(axis=0) / rows.sum()
    if shares.size < 2:
        return 0.0, float(rows.mean())
    found = counts[:, held] / rows[:, None]
    moved = (found - shares) / np.sqrt(shares)  # of independent rows, each with the variance 1 / rows
    along = _main_direction(moved)
    excess = float(rows @ along**2) / (rows.size - 1)
    memory = memory_of(along, numbers)
    grown = (1 + memory) / (1 - memory)
    freedom = (shares.size - 1) * (rows.size - 1)
    beyond = 0.0
    if memory * np.sqrt(rows.size) > _SURE_MEMORY:
        beyond = excess * grown - 1.0
    elif special.chdtrc(freedom, float((rows[:, None] * moved**2).sum())) <= _CERTAIN:
        beyond = (excess - 1.0) * grown
    effective = (rows.sum() - (rows**2).sum() / rows.sum()) / (rows.size - 1)
    return max(beyond, 0.0) / effective, float(rows.mean())


def _main_direction(moved: Floats) -> Floats:
    """(n_blocks,) where each block lies along the direction in which blocks differ most, up to its sign.

    The direction is read from the products of the few groups with one another: hundreds of times as quick as from all
    blocks.
    """
    _, directions = np.linalg.eigh(moved.T @ moved)  # in ascending order
    return floats(moved @ directions[:, -1])
