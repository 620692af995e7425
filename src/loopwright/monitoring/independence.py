"""Are the rows of a reference independent, or alike within a block of time?

If every row came by itself, a block's counts would scatter around the common shares as a multinomial does. Pearson's
chi-square over its degrees of freedom is then near 1; where one storm delays every flight of a day it is far above.
From that over-dispersion phi of blocks of m rows follows the correlation of two rows of one block,
rho = (phi - 1) / (m - 1): windows of n rows scatter 1 + (n - 1) rho times as much as they should (Kish 1965).
"""

from collections.abc import Mapping
from statistics import NormalDist

import msgspec
import numpy as np

from loopwright.monitoring.blocks import grouped
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, Reference
from loopwright.stats.arrays import Floats

_ALPHA = 0.01
_MIN_BLOCKS = 10
_MIN_EXPECTED = 5.0


class Independence(msgspec.Struct, frozen=True, kw_only=True):
    """What the reference shows of its rows.

    Attributes:
        independent: Whether windows of rows may be bet on: no column scatters more than chance allows. None where there
            are too few blocks to say.
        over_dispersion: Of the worst column: how many times a block scatters more than independent rows would.
        likeness: Of the worst column: the correlation of two rows of one block.
        column: The worst column; empty where none can be judged.
        blocks: Blocks compared.
        reason: In words.
    """

    independent: bool | None
    over_dispersion: float | None = None
    likeness: float | None = None
    column: str = ""
    blocks: int = 0
    reason: str


def independence(counts: Mapping[str, Floats]) -> Independence:
    """Whether rows are independent, from counts by block, (n_blocks, n_bins) of each column.

    Any column that fails makes them dependent (Bonferroni over the columns, level 0.01).
    """
    found = {name: each for name, rows in counts.items() if (each := _scatter(rows)) is not None}
    if not found:
        return Independence(independent=None, reason=f"under {_MIN_BLOCKS} blocks with rows in any column")
    critical = NormalDist().inv_cdf(1.0 - _ALPHA / len(found))
    worst = max(found, key=lambda name: found[name][0])
    surprise, phi, rho, blocks = found[worst]
    independent = surprise <= critical
    words = "no column scatters over blocks more than chance allows" if independent else "rows of a block are alike"
    return Independence(
        independent=independent,
        over_dispersion=round(phi, 4),
        likeness=round(max(rho, 0.0), 6),
        column=worst,
        blocks=blocks,
        reason=f"{words}: {worst} scatters {phi:.2f} times as much as independent rows over {blocks} blocks",
    )


def reference_independence(reference: Reference, period_us: int = DAY) -> Independence:
    """The same of a reference's features, by blocks of a period."""
    if not reference.timed:
        return Independence(independent=None, reason="the reference has no event time")
    counts = {}
    for column in reference.columns:
        by_block = reference.block_counts(column.name, period_us)
        if by_block is not None and column.name not in (PREDICTION, LABEL):
            counts[column.name] = grouped(by_block[1], column.standard.groups)
    return independence(counts)


def _scatter(counts: Floats) -> tuple[float, float, float, int] | None:
    """How surprising the scatter is as a normal deviate, the over-dispersion, the likeness, and the blocks compared.

    None where there are too few blocks or only one bin.
    """
    kept = counts[counts.sum(axis=1) > 0]
    rows = kept.sum(axis=1)
    if rows.size < _MIN_BLOCKS:
        return None
    kept = kept[:, kept.sum(axis=0) * rows.min() / rows.sum() >= _MIN_EXPECTED]
    rest = rows - kept.sum(axis=1)
    table = np.column_stack((kept, rest)) if rest.any() else kept
    if table.shape[1] < 2:
        return None
    expected = np.outer(rows, table.sum(axis=0) / rows.sum())
    chi_square = float((((table - expected) ** 2) / expected).sum())
    degrees = (table.shape[0] - 1) * (table.shape[1] - 1)
    phi = chi_square / degrees
    # Wilson and Hilferty (1931): the cube root of a chi-square over its degrees is nearly normal
    surprise = (phi ** (1 / 3) - (1 - 2 / (9 * degrees))) / np.sqrt(2 / (9 * degrees))
    return float(surprise), phi, (phi - 1.0) / max(float(rows.mean()) - 1.0, 1.0), int(rows.size)
