"""Dependence between columns, by signs: where two numbers are both far out, are they so on the same side?

Far out are the lowest and the highest three tenths of a column in the reference. Of the rows in which both columns are
far out, the share on the same side depends on the correlation only, whatever the scales; it shrugs at outliers, and its
counts add up over workers and windows as any others do. Leaving the middle out halves the rows that a change of a
correlation takes to be seen: signs there are chance (Mosteller 1946 finds the best cuts at 27 %).
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.bins import ordered_sample
from loopwright.stats.arrays import Floats, floats

MOST_PAIRS = 1_000
"""All pairs of up to 45 columns; of more columns the strongest thousand."""
_CHOOSING_ROWS = 20_000
_CHUNK_BYTES = 8 << 20

Signs = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Bits of one column, eight rows a byte: which rows are at the high end, and which at either end."""
Cuts = tuple[float, float]
"""Values up to the first are low, values from the second on are high."""
_TAIL = 0.3
_CORRELATIONS = floats([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
_LOG_ODDS = floats([0.0, 0.27, 0.5485, 0.8453, 1.174, 1.5553, 2.0266, 2.6658, 3.6838, 6.0086, 9.7289, 14.0])
"""Log odds of the same side for two normal columns of these correlations, by the normal integral; the last is a cap."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two numeric columns and how many reference rows agreed: both high, or both low.

    Discordant rows have one high and the other low. Rows on which either is in between or missing are in neither count.
    """

    first: str
    second: str
    concordant: int
    discordant: int

    @property
    def name(self) -> str:
        """As `delay ~ distance`."""
        return f"{self.first} ~ {self.second}"


def cuts_of(values: Floats, *, ordered: Floats | None = None) -> Cuts | None:
    """The ends of values (n,): three tenths each, or what comes next to that where many are equal; None for a constant
    column. `ordered` is their `ordered_sample`, where that is known already."""
    ordered = ordered_sample(values) if ordered is None else ordered
    if ordered.size == 0:
        return None
    places = np.round(np.asarray((_TAIL, 1.0 - _TAIL)) * (ordered.size - 1)).astype(np.int64)
    low, high = (float(cut) for cut in ordered[places])
    if low < high:
        return low, high
    below, above = int(np.searchsorted(ordered, low)), int(np.searchsorted(ordered, low, side="right"))
    if above < ordered.size:
        return low, float(ordered[above])
    return (float(ordered[below - 1]), high) if below else None


def signs_of(values: Floats, cuts: Cuts) -> Signs:
    """The signs of values (n,); NaN is at neither end."""
    high = values >= cuts[1]
    return np.packbits(high), np.packbits(high | (values <= cuts[0]))


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
    if concordant + discordant <= 0:
        return float("nan")
    odds = float(np.log((concordant + 0.5) / (discordant + 0.5)))
    return float(np.sign(odds) * np.interp(abs(odds), _LOG_ODDS, _CORRELATIONS))


def _scaled_signs(values: Floats) -> NDArray[np.float32]:
    """1 at the high end, -1 at the low end and 0 between, less their mean, of length 1; zeros for a constant column."""
    cuts = cuts_of(values)
    if cuts is None:
        return np.zeros(values.size, dtype=np.float32)
    signs = (values >= cuts[1]).astype(np.float32) - (values <= cuts[0]).astype(np.float32)
    signs -= signs.mean()
    return np.asarray(signs / max(float(np.linalg.norm(signs)), 1e-12), dtype=np.float32)


def _words(bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    padded = np.zeros(-(-bits.size // 8) * 8, dtype=np.uint8)
    padded[: bits.size] = bits
    return padded.view(np.uint64)
