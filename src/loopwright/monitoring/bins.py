"""Frozen bins: the shape of a column at training time, kept so that later days are counted over the same ones."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import AnyArray, Floats, floats

_NUMERIC_BINS = 32
"""So many that ranks by bins lose under a tenth of a percent of what ranks by values know; even, so that one edge is
the median."""
_DRAWN = 200_000
MOST_LEVELS = 30
"""Levels of a category that are counted apart; rarer ones share a bin."""


class Bins(msgspec.Struct, frozen=True, kw_only=True):
    """How a column is counted. The last bin holds missing values.

    Attributes:
        edges: Of a number: ascending; bin i holds `edges[i-1] <= x < edges[i]`. The first and the last bin before the
            missing one lie outside the range of the reference.
        bin_of_code: Of a category: the bin of each code.
        unseen: Of a category: whether levels that the reference does not have (codes past the last) have a bin of their
            own, the last but one. Without, as in references of format 1, they count as missing.
    """

    edges: tuple[float, ...] = ()
    bin_of_code: tuple[int, ...] | None = None
    unseen: bool = False

    @property
    def count(self) -> int:
        """Number of bins, the missing one included."""
        if self.bin_of_code is not None:
            return max(self.bin_of_code, default=-1) + 2 + int(self.unseen)
        return len(self.edges) + 2

    @property
    def ordered(self) -> bool:
        """Whether the bins lie on a line, so that a location is defined."""
        return self.bin_of_code is None

    def place(self, values: AnyArray) -> NDArray[np.int64]:
        """(n,) bin of each value: numbers with NaN for missing; or codes, -1 for missing, past the last for unseen."""
        missing = self.count - 1
        if self.bin_of_code is None:
            numbers = floats(values)
            found = np.searchsorted(floats(self.edges), numbers, side="right").astype(np.int64, copy=False)
            found[np.isnan(numbers)] = missing
            return found
        levels = len(self.bin_of_code)
        codes = np.nan_to_num(floats(values), nan=-1.0).astype(np.int64)
        table = np.asarray([*self.bin_of_code, missing - int(self.unseen), missing], dtype=np.int64)
        return table[np.where(codes < 0, levels + 1, np.minimum(codes, levels))]


def finite_of(values: Floats) -> Floats:
    """The finite ones of values (n,), without a copy where all of them are."""
    held = np.isfinite(values)
    return values if held.all() else values[held]


def drawn(values: Floats) -> Floats:
    """Values (n,), or so many of them drawn evenly that quantiles of them are right to a fifth of a percent of rows."""
    if values.size <= _DRAWN:
        return values
    return values[np.random.default_rng(0).integers(0, values.size, size=_DRAWN)]


def ordered_sample(values: Floats) -> Floats:
    """The finite ones of values (n,), or so many of them `drawn`, ascending: what quantiles are read from."""
    return np.sort(drawn(finite_of(values)))


def quantiles_of(ordered: Floats, at: Sequence[float] | Floats) -> Floats:
    """(n_at,) quantiles of ascending values, at least one, as `numpy.quantile` has them, without looking for them."""
    place = np.asarray(at, dtype=np.float64) * (ordered.size - 1)
    below = np.floor(place).astype(np.int64)
    part = place - below
    low, high = ordered[below], ordered[np.minimum(below + 1, ordered.size - 1)]
    return floats(np.where(part >= 0.5, high - (high - low) * (1.0 - part), low + (high - low) * part))


def numeric_bins(values: Floats, *, ordered: Floats | None = None) -> Bins:
    """Bins of about equal mass over the finite values (n,), and one beyond each end of their range.

    One edge is the median. A value that holds more than a bin's mass has a bin of its own.

    Args:
        values: The column.
        ordered: Its `ordered_sample`, where that is known already.
    """
    finite = finite_of(values)
    if finite.size == 0:
        return Bins()
    cuts = quantiles_of(
        ordered_sample(finite) if ordered is None else ordered, np.linspace(0.0, 1.0, _NUMERIC_BINS + 1)[1:-1]
    )
    ends = [finite.min(), np.nextafter(finite.max(), np.inf)]
    after_ties = np.nextafter(cuts[1:][cuts[1:] == cuts[:-1]], np.inf)
    return Bins(edges=tuple(np.unique(np.concatenate((cuts, after_ties, ends))).tolist()))


def category_bins(codes: AnyArray, levels: int) -> Bins:
    """One bin for each of the commonest levels, one for all rarer ones together, and one for levels not seen yet.

    Args:
        codes: (n,) codes, -1 for missing.
        levels: How many codes the signature has.
    """
    whole = np.nan_to_num(floats(codes), nan=-1.0).astype(np.int64)
    counts = np.bincount(whole[(whole >= 0) & (whole < levels)], minlength=levels)
    if levels <= MOST_LEVELS:
        return Bins(bin_of_code=tuple(range(levels)), unseen=True)
    rank = np.empty(levels, dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(levels)
    return Bins(bin_of_code=tuple(np.minimum(rank, MOST_LEVELS - 1).tolist()), unseen=True)


def block_counts(places: NDArray[np.int64], blocks: NDArray[np.int64], bins: int) -> dict[int, tuple[int, ...]]:
    """Counts of each block over the bins.

    Args:
        places: (n,) bin of each row.
        blocks: (n,) block of each row.
        bins: How many bins there are.
    """
    return cell_counts(places, named_blocks(blocks), bins)


def named_blocks(blocks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct ones of blocks (n,), ascending, and each row's position (n,) among them."""
    if blocks.size and int(blocks.min()) == int(blocks.max()):
        return blocks[:1], np.zeros(blocks.size, dtype=np.int64)
    names, position = np.unique(blocks, return_inverse=True)
    return names, position


def cell_counts(
    places: NDArray[np.int64], blocks: tuple[NDArray[np.int64], NDArray[np.int64]], bins: int
) -> dict[int, tuple[int, ...]]:
    """`block_counts` where `named_blocks` of the rows is known already."""
    names, counted = cell_table(places, blocks, bins)
    return {int(name): tuple(row) for name, row in zip(names, counted.tolist(), strict=True)}


def cell_table(
    places: NDArray[np.int64], blocks: tuple[NDArray[np.int64], NDArray[np.int64]], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The blocks that have rows, ascending, and their counts (n_blocks, bins)."""
    names, position = blocks
    cells = places if names.size == 1 else position * bins + places
    counted = np.bincount(cells, minlength=names.size * bins).reshape(names.size, bins)
    held = counted.any(axis=1)
    return (names, counted) if held.all() else (names[held], counted[held])
