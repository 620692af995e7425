"""Counts of one column block by block, packed: what rolling and seasonal references are made of."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import Floats


class BlockTable(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over bins of ascending blocks.

    Attributes:
        blocks: `event_time // period` of each row of the table, ascending.
        n_bins: Its columns.
        width: Bytes of a count: 1, 2, 4 or 8, the least that all of them fit in.
        packed: The counts, row by row, little-endian. Not compressed: the same rows give the same bytes everywhere.
    """

    blocks: tuple[int, ...]
    n_bins: int
    width: int
    packed: bytes

    def counts(self) -> NDArray[np.int64]:
        """(n_blocks, n_bins)."""
        cells = np.frombuffer(self.packed, dtype=f"<u{self.width}")
        return cells.reshape(len(self.blocks), self.n_bins).astype(np.int64)


def block_table(counts: Mapping[int, Sequence[int]], n_bins: int, *, newest: int | None = None) -> BlockTable:
    """The counts (n_bins,) of each block, of the `newest` so many where that is given."""
    blocks = sorted(counts)
    cells = np.asarray([counts[block] for block in blocks], dtype=np.int64).reshape(len(blocks), n_bins)
    return packed_table(np.asarray(blocks, dtype=np.int64), cells, newest=newest)


def packed_table(blocks: NDArray[np.int64], cells: NDArray[np.int64], *, newest: int | None = None) -> BlockTable:
    """The counts `cells` (n_blocks, n_bins) of ascending blocks, of the `newest` so many where that is given."""
    first = 0 if newest is None else max(0, blocks.size - newest)
    blocks, cells = blocks[first:], cells[first:]
    most = int(cells.max(initial=0))
    width = next(width for width in (1, 2, 4, 8) if most < 1 << (8 * width))
    packed = cells.astype(f"<u{width}").tobytes()
    return BlockTable(blocks=tuple(blocks.tolist()), n_bins=cells.shape[1], width=width, packed=packed)


def coarser(table: BlockTable, factor: int) -> tuple[tuple[int, ...], Floats]:
    """Blocks of `factor` times the length: their numbers, and their counts (n_blocks, n_bins)."""
    wide = np.asarray(table.blocks, dtype=np.int64) // factor
    names, starts = np.unique(wide, return_index=True)  # blocks are in ascending order
    if not names.size:
        return (), np.zeros((0, table.n_bins))
    return tuple(names.tolist()), np.add.reduceat(table.counts().astype(np.float64), starts, axis=0)
