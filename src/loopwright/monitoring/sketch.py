"""Sketches of a window's numbers: quantiles in the column's own unit, without its rows."""

from collections.abc import Iterable

import numpy as np

from loopwright.stats.arrays import Floats
from loopwright.stats.sketches import Kll, merged, unpacked, updated

SketchBytes = bytes
"""What `stats.sketches.Kll.packed` gives."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares that reports show."""


def sketch_bytes(values: Floats) -> SketchBytes:
    """A sketch of values (n,); missing ones are left out."""
    return updated(Kll(), values).packed()


def merged_sketches(first: SketchBytes, second: SketchBytes) -> SketchBytes:
    """Both together."""
    return merged(unpacked(first), unpacked(second)).packed()


def quantiles_of(sketches: Iterable[SketchBytes]) -> tuple[float, ...] | None:
    """The values at `QUANTILES` of all that was sketched; None where nothing was."""
    whole = Kll()
    for sketch in sketches:
        whole = merged(whole, unpacked(sketch))
    if whole.n == 0:
        return None
    return tuple(whole.quantiles(np.asarray(QUANTILES)).tolist())
