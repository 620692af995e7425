"""Dependence between columns, by signs: on how many rows do two numbers lie on the same side of their medians?

The share of such rows is 1/2 + arcsin(r) / pi for two normal columns of correlation r (Sheppard 1899), needs no scale,
shrugs at outliers, and its counts add up over workers and windows as any others do.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.bins import drawn, finite_of
from loopwright.stats.arrays import Floats, floats

MOST_PAIRS = 1_000
"""All pairs of up to 45 columns; of more columns the strongest thousand."""
_CHOOSING_ROWS = 20_000
_CHUNK_BYTES = 8 << 20

Signs = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Bits of one column, eight rows a byte: which rows are above the middle, and which are known."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two numeric columns and how many reference rows agreed: both at or above their middles, or both below.

    Rows on which either is missing are in neither count.
    """

    first: str
    second: str
    concordant: int
    discordant: int

    @property
    def name(self) -> str:
        """As `delay ~ distance`."""
        return f"{self.first} ~ {self.second}"


def middle_of(values: Floats) -> float | None:
    """The cut that halves finite values (n,) best, where some lie below it and some not; None for a constant column.

    It is the median unless so many values are equal to the least that none lies below it.
    """
    finite = drawn(finite_of(values))
    if finite.size == 0:
        return None
    median, least = float(np.median(finite)), float(finite.min())
    if median > least:
        return median
    above = finite[finite > least]
    return float(above.min()) if above.size else None


def signs_of(values: Floats, middle: float) -> Signs:
    """The signs of values (n,) about the middle; NaN is unknown."""
    return np.packbits(values >= middle), np.packbits(~np.isnan(values))


def count_pairs(signs: Mapping[str, Signs], pairs: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    """(n_pairs, 2) concordant and discordant rows of each pair; zeros where a column of it is not there."""
    counted = np.zeros((len(pairs), 2), dtype=np.int64)
    held = [i for i, (first, second) in enumerate(pairs) if first in signs and second in signs]
    if not held:
        return counted
    place = {name: i for i, name in enumerate(signs)}
    above = np.stack([_words(bits) for bits, _ in signs.values()])
    known = np.stack([_words(bits) for _, bits in signs.values()])
    first = np.asarray([place[pairs[i][0]] for i in held])
    second = np.asarray([place[pairs[i][1]] for i in held])
    step = max(1, _CHUNK_BYTES // max(above.shape[1] * 8, 1))
    for start in range(0, len(held), step):
        a, b = first[start : start + step], second[start : start + step]
        both = known[a] & known[b]
        apart = np.bitwise_count((above[a] ^ above[b]) & both).sum(axis=1, dtype=np.int64)
        together = np.bitwise_count(both).sum(axis=1, dtype=np.int64) - apart
        counted[held[start : start + step]] = np.stack((together, apart), axis=1)
    return counted


def choose_pairs(columns: Mapping[str, Floats]) -> tuple[tuple[tuple[str, str], ...], NDArray[np.bool_] | None]:
    """Which pairs to watch, and on which rows they may be counted.

    The strongest of many look stronger than they are on the rows that they were chosen on, and would seem to have
    moved ever after. Where there is a choice to make, one part of the rows makes it and the others are counted.

    Args:
        columns: Numbers by name, (n_rows,) each, NaN for missing.

    Returns:
        The pairs, and (n_rows,) the rows to count, None for all of them.
    """
    names = list(columns)
    k = len(names)
    if k * (k - 1) // 2 <= MOST_PAIRS:
        return tuple((names[i], names[j]) for i in range(k) for j in range(i + 1, k)), None
    rows = next(iter(columns.values())).size
    taken = np.random.default_rng(0).permutation(rows)[: min(_CHOOSING_ROWS, rows // 2)]
    ranked = np.stack([_scaled_signs(floats(values)[taken]) for values in columns.values()])
    strength = np.triu(np.abs(ranked @ ranked.T), k=1)
    chosen = np.sort(np.argpartition(strength.ravel(), -MOST_PAIRS)[-MOST_PAIRS:])
    left = np.ones(rows, dtype=bool)
    left[taken] = False
    return tuple((names[int(i) // k], names[int(i) % k]) for i in chosen), left


def correlation_of(concordant: float, discordant: float) -> float:
    """The correlation that two normal columns with these counts have; NaN without rows."""
    both = concordant + discordant
    return float(np.sin(np.pi * (concordant / both - 0.5))) if both > 0 else float("nan")


def _scaled_signs(values: Floats) -> NDArray[np.float32]:
    """Signs about the middle with mean 0 and length 1; zeros for a constant column."""
    middle = middle_of(values)
    if middle is None:
        return np.zeros(values.size, dtype=np.float32)
    known = np.isfinite(values)
    signs = np.where(known, np.where(values >= middle, 1.0, -1.0), 0.0)
    signs[known] -= signs[known].mean()
    return (signs / max(float(np.linalg.norm(signs)), 1e-12)).astype(np.float32)


def _words(bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    padded = np.zeros(-(-bits.size // 8) * 8, dtype=np.uint8)
    padded[: bits.size] = bits
    return padded.view(np.uint64)
