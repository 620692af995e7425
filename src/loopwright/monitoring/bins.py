"""Frozen bins: the shape of a column at training time, kept so that later days are counted over the same ones."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import AnyArray, Floats, floats

_NUMERIC_BINS = 10
_MOST_LEVELS = 30
"""Levels of a category that are counted apart; rarer ones share a bin."""


class Bins(msgspec.Struct, frozen=True, kw_only=True):
    """How a column is counted. The last bin holds missing values; for categories also the unseen ones (code -1).

    Attributes:
        edges: Of a number: ascending; bin i holds `edges[i-1] <= x < edges[i]`. The first and the last bin lie outside
            the range of the reference.
        bin_of_code: Of a category: the bin of each code.
    """

    edges: tuple[float, ...] = ()
    bin_of_code: tuple[int, ...] | None = None

    @property
    def count(self) -> int:
        """Number of bins, the missing one included."""
        if self.bin_of_code is not None:
            return max(self.bin_of_code, default=-1) + 2
        return len(self.edges) + 2

    @property
    def ordered(self) -> bool:
        """Whether the bins lie on a line, so that a location is defined."""
        return self.bin_of_code is None

    def place(self, values: AnyArray) -> NDArray[np.int64]:
        """(n,) bin of each value: numbers with NaN for missing, or category codes with -1 for missing and unseen."""
        missing = self.count - 1
        if self.bin_of_code is None:
            numbers = floats(values)
            found = np.searchsorted(floats(self.edges), numbers, side="right")
            return np.where(np.isnan(numbers), missing, found).astype(np.int64)
        codes = np.nan_to_num(floats(values), nan=-1.0).astype(np.int64)
        known = (codes >= 0) & (codes < len(self.bin_of_code))
        table = np.asarray([*self.bin_of_code, missing], dtype=np.int64)
        return table[np.where(known, codes, len(self.bin_of_code))]


def numeric_bins(values: Floats) -> Bins:
    """Bins of about equal mass over the finite values (n,), and one beyond each end of their range."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Bins()
    inner = np.quantile(finite, np.linspace(0.0, 1.0, _NUMERIC_BINS + 1)[1:-1])
    ends = [finite.min(), np.nextafter(finite.max(), np.inf)]
    return Bins(edges=tuple(np.unique(np.concatenate((inner, ends))).tolist()))


def category_bins(codes: AnyArray, levels: int) -> Bins:
    """One bin for each of the commonest levels, and one for all rarer ones together.

    Args:
        codes: (n,) codes, -1 for missing.
        levels: How many codes the signature has.
    """
    whole = np.nan_to_num(floats(codes), nan=-1.0).astype(np.int64)
    counts = np.bincount(whole[(whole >= 0) & (whole < levels)], minlength=levels)
    if levels <= _MOST_LEVELS:
        return Bins(bin_of_code=tuple(range(levels)))
    rank = np.empty(levels, dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(levels)
    return Bins(bin_of_code=tuple(np.minimum(rank, _MOST_LEVELS - 1).tolist()))


def block_counts(places: NDArray[np.int64], blocks: NDArray[np.int64], bins: int) -> dict[int, tuple[int, ...]]:
    """Counts of each block over the bins.

    Args:
        places: (n,) bin of each row.
        blocks: (n,) block of each row.
        bins: How many bins there are.
    """
    names, position = np.unique(blocks, return_inverse=True)
    counted = np.bincount(position * bins + places, minlength=names.size * bins).reshape(names.size, bins)
    return {int(name): tuple(row) for name, row in zip(names, counted.tolist(), strict=True)}
