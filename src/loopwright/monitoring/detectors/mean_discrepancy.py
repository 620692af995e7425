"""Maximum mean discrepancy: are two clouds of points one? For embeddings, and groups of columns that belong together.

The unbiased squared MMD (Gretton and others 2012) with a Gaussian kernel whose width is the median distance between
rows of the reference; its p-value by permutation of the rows.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.detectors.one_thread import one_thread
from loopwright.monitoring.detectors.row_measure import Measured
from loopwright.monitoring.detectors.table_arrays import numbers, ranked, standardised
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.exchangeability import Side

if TYPE_CHECKING:
    import polars as pl

_Singles = NDArray[np.float32]
_MOST_ROWS = 1_000
"""Of either side: time and memory grow with the square."""
_PERMUTATIONS = 200
FIGURE = "mmd2_thousandths"
"""In thousandths, since figures are kept to four places."""


class MeanDiscrepancy:
    """Satisfies `RowMeasure`; the effect is the MMD, between 0 and about 1."""

    name = "mmd"
    scale = "MMD"
    least_effect = 0.03
    most_windows = 200

    def sides(self, columns: tuple[str, ...]) -> Mapping[str, Side]:  # noqa: ARG002 - all columns make one figure
        """One figure; only a large distance is a change."""
        return {FIGURE: "high"}

    def measure(self, base: "pl.DataFrame", window: "pl.DataFrame", *, explain: bool) -> Measured:
        """See `RowMeasure`; a column's figure is how far its mean moved, in standard deviations of the reference."""
        there, here = standardised(numbers(base[:_MOST_ROWS]), numbers(window[:_MOST_ROWS]))
        if min(len(there), len(here)) < 2:
            return Measured(figures={FIGURE: float("nan")}, effect=0.0)
        with one_thread():
            kernel = _kernel(there, here)
            square = float(_squared(kernel, _mask(len(there), len(kernel)))[0])
            p_value = _permuted_p(kernel, len(there), square) if explain else None
        effect = float(np.sqrt(max(square, 0.0)))
        moved = np.abs(here.mean(axis=0) - there.mean(axis=0))
        return Measured(
            figures={FIGURE: square * 1_000},
            effect=effect,
            p_value=p_value,
            columns=ranked(window.columns, moved, "mean_shift") if explain else (),
            details={"mmd": effect} if explain else {},
        )


def _kernel(there: Floats, here: Floats) -> _Singles:
    """(n, n) over the rows of both, its diagonal 0; single precision, in which it takes half the time."""
    rows = np.vstack((there, here)).astype(np.float32)
    lengths = (rows**2).sum(axis=1)
    squares = np.maximum(lengths[:, None] + lengths[None, :] - 2.0 * rows @ rows.T, 0.0)
    known = squares[: len(there), : len(there)]
    width = float(np.median(known[np.triu_indices(len(there), k=1)]))
    kernel = np.exp(squares / (-width if width > 0 else -1.0))
    np.fill_diagonal(kernel, 0.0)
    found: _Singles = kernel
    return found


def _mask(n_there: int, n: int) -> _Singles:
    """(n, 1): one for rows of the reference."""
    return (np.arange(n) < n_there).astype(np.float32)[:, None]


def _squared(kernel: _Singles, there: _Singles) -> Floats:
    """(n_masks,) unbiased squared MMD for each column of `there`, (n, n_masks), which says who is on the one side."""
    m = float(there[:, 0].sum())
    n = len(kernel) - m
    inner = kernel @ there
    same = (there * inner).sum(axis=0)
    across = inner.sum(axis=0) - same
    others = kernel.sum() - same - 2.0 * across
    return floats(same / (m * (m - 1)) + others / (n * (n - 1)) - 2.0 * across / (m * n))


def _permuted_p(kernel: _Singles, n_there: int, square: float) -> float:
    rng = np.random.default_rng(0)
    masks = np.repeat(_mask(n_there, len(kernel)), _PERMUTATIONS, axis=1)
    drawn = _squared(kernel, rng.permuted(masks, axis=0))
    return float((np.sum(drawn >= square) + 1) / (_PERMUTATIONS + 1))
