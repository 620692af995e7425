"""Are the rows of a block alike? Then they tell less than so many independent rows would.

One storm delays every flight of a day. The blocks of the reference show it: their shares differ by more than chance.
The variance of a window's mean is then the variance within blocks over its rows plus the variance between blocks over
its blocks, and rows count for the ratio of what independence would have given (design effect: Kish 1965). The variance
between blocks is that along the direction in which they differ most, which is most often the place. Blocks also
remember: where one follows another, the variance between them counts (1 + r) / (1 - r) times, for lag-1 correlation r.
"""

from collections.abc import Mapping

import msgspec
import numpy as np

from loopwright.monitoring.blocks import grouped, groups_of, memory_of
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import Floats, floats

_LEAST_BLOCKS = 10
_LEAST_ROWS = 5
_CERTAIN = 1e-4
"""Chance of finding rows of independent blocks alike."""


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What a row counts for in a test, on either side, in (0, 1]."""

    reference: float = 1.0
    current: float = 1.0

    @property
    def alike(self) -> bool:
        """Whether rows were found to be alike."""
        return self.reference < 1.0 or self.current < 1.0


def worth_of_rows(column: ColumnReference, blocks: Mapping[int, tuple[int, ...]]) -> Worth:
    """What the reference's rows and those of a window's blocks are worth; 1 where the reference has few blocks.

    Args:
        column: Of the reference.
        blocks: The window's counts (n_bins,) by block. Blocks of the window and of the reference need not be of one
            length; each of the window's is taken for as many of the reference's as it has the rows of.
    """
    if column.by_block is None or len(column.by_block.blocks) < _LEAST_BLOCKS:
        return Worth()
    counts = column.by_block.counts().astype(np.float64)
    kept = counts.sum(axis=1) >= _LEAST_ROWS
    if kept.sum() < _LEAST_BLOCKS:
        return Worth()
    groups = groups_of(counts.sum(axis=0)) if column.bins.ordered else ()
    numbers = tuple(np.asarray(column.by_block.blocks)[kept].tolist())
    between, mean_rows = _between(grouped(counts[kept], groups), numbers)
    if between <= 0:
        return Worth()
    current = sum(sum(row) for row in blocks.values())
    n_blocks = max(len(blocks), 1)
    return Worth(
        reference=1.0 / (1.0 + between * mean_rows),
        current=1.0 / (1.0 + between * min(current / n_blocks, mean_rows)),
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
    freedom = (shares.size - 1) * (rows.size - 1)
    if special.chdtrc(freedom, float((rows[:, None] * moved**2).sum())) > _CERTAIN:
        return 0.0, float(rows.mean())
    along = _main_direction(moved)
    excess = float(rows @ along**2) / (rows.size - 1)
    memory = memory_of(along, numbers)
    effective = (rows.sum() - (rows**2).sum() / rows.sum()) / (rows.size - 1)
    return max(excess - 1.0, 0.0) / effective * (1 + memory) / (1 - memory), float(rows.mean())


def _main_direction(moved: Floats) -> Floats:
    """(n_blocks,) where each block lies along the direction in which blocks differ most, up to its sign.

    The direction is read from the products of the few groups with one another: hundreds of times as quick as from all
    blocks.
    """
    _, directions = np.linalg.eigh(moved.T @ moved)  # in ascending order
    return floats(moved @ directions[:, -1])
