"""Bets that a window of rows is no random part of everything seen so far.

While rows are exchangeable, a window of n rows is a simple random sample without replacement from the pool of the
reference and all windows up to this one. For a score s over the bins, centred on the pool, Hoeffding (1963) gives

    E exp(theta * sum of the window's scores) <= (mean over the pool of exp(theta * s)) ** n,

and, because the rest of the pool is such a sample too and its scores are the negative of the window's, the same with
-theta and the size of the rest. So exp(theta * sum) over the lesser bound is an e-value: of mean at most 1 whatever the
distribution and however the columns depend on one another. Products of consecutive ones stay e-values (given the later
windows and the pool, each is a function of an earlier, still random split), so the pool needs no correction for a
finite reference, in a long stream either.

Scores of numbers are the smooth components of Neyman (1937): Legendre polynomials of the mid-rank, of which the first
is the place (Wilcoxon's rank test), the second the spread. Shares are bet on by themselves. Every score has variance 1
over the pool, so that a stake is the size of the shift it is best at, in standard deviations.

Sums of products from every possible start (Shiryaev-Roberts) turn e-values into a detector: under no change their sum
after t windows has mean at most t, so a weighted mean of many reaches A after A windows in the mean or later.
"""

from typing import NamedTuple

import numpy as np

from loopwright.stats.arrays import Floats, floats

COMPONENTS = ("place", "spread", "skew", "tails")
"""Names of the smooth components, of degree 1 to 4."""
SIZES: tuple[float, ...] = (0.07, 0.14, 0.28, 0.56, 1.12)
"""Shifts that are bet on, in standard deviations of the score; between two of them a bet keeps 89 % of its growth."""
STAKES: Floats = floats([*SIZES, *(-size for size in SIZES)])
"""(n_stakes,) first all on a rise, then all on a fall."""
_FLIPPED = np.concatenate((np.arange(len(SIZES), 2 * len(SIZES)), np.arange(len(SIZES))))
_LEAST_VARIANCE = 1e-12


class Bets(NamedTuple):
    """What one window says of k scores.

    Attributes:
        log_e: (k, n_stakes) log e-value of each stake; 0 where the score does not vary over the pool.
        moved: (k,) sum over the window's rows of the score less its mean over the reference.
        rows: (k,) rows counted.
    """

    log_e: Floats
    moved: Floats
    rows: Floats


def smooth_scores(pool: Floats) -> Floats:
    """(k, 4, n_bins) components of k columns in ordered bins, mean 0 and variance 1 over `pool` (k, n_bins); 0 if none.

    A component is 0 throughout where it does not vary over the pool: a constant column has no place.
    """
    total = np.maximum(pool.sum(axis=1, keepdims=True), 1.0)
    x = 2.0 * (np.cumsum(pool, axis=1) - pool / 2.0) / total - 1.0
    raw = np.stack((x, x**2, x**3 - 0.6 * x, x**4 - 6 / 7 * x**2), axis=1)
    share = (pool / total)[:, None, :]
    centred = raw - (raw * share).sum(axis=2, keepdims=True)
    variance = (centred**2 * share).sum(axis=2, keepdims=True)
    return np.where(variance > _LEAST_VARIANCE, centred / np.sqrt(np.maximum(variance, _LEAST_VARIANCE)), 0.0)


def component_bets(window: Floats, reference: Floats, pool: Floats) -> Bets:
    """Bets on the smooth components of k numbers; the first axis of the result has k * 4 entries, column by column.

    Args:
        window: (k, n_bins) counts of the window, without missing values.
        reference: (k, n_bins) counts of the reference.
        pool: (k, n_bins) counts of the reference and of every window up to and with this one.
    """
    scores = smooth_scores(pool)
    size, rows = pool.sum(axis=1), window.sum(axis=1)
    tilted = STAKES[None, None, :, None] * scores[:, :, None, :]
    top = tilted.max(axis=3, keepdims=True)
    share = (pool / np.maximum(size, 1.0)[:, None])[:, None, :, None]
    mean = np.matmul(np.exp(tilted - top), share)[..., 0]
    log_mean = np.log(np.where(mean > 0.0, mean, 1.0)) + top[..., 0]
    total = np.matmul(scores, window[:, :, None])[..., 0]
    base = reference.sum(axis=1)
    usual = np.matmul(scores, reference[:, :, None])[..., 0] / np.maximum(base, 1.0)[:, None]
    bound = _bound(log_mean, rows[:, None, None], size[:, None, None])
    log_e = STAKES * total[..., None] - bound
    varies = np.any(scores != 0.0, axis=2) & (rows > 0)[:, None]
    moved = np.where((base > 0)[:, None], total - rows[:, None] * usual, 0.0)
    return Bets(
        log_e=np.where(varies[..., None], log_e, 0.0).reshape(-1, STAKES.size),
        moved=moved.reshape(-1),
        rows=np.repeat(rows, len(COMPONENTS)),
    )


class Shares(NamedTuple):
    """(k,) how many rows have a property, and of how many rows."""

    hits: Floats
    rows: Floats


def share_bets(window: Shares, reference: Shares, pool: Shares) -> Bets:
    """Bets on k shares: levels of a category, missing values, concordant pairs. Arguments as in `component_bets`."""
    size = np.maximum(pool.rows, 1.0)
    share = pool.hits / size
    variance = share * (1.0 - share)
    varies = (variance > _LEAST_VARIANCE) & (window.rows > 0)
    spread = np.sqrt(np.where(varies, variance, 1.0))
    share = np.where(varies, share, 0.5)
    stakes = STAKES[None, :] / spread[:, None]
    log_mean = np.logaddexp(np.log(share)[:, None] + stakes, np.log1p(-share)[:, None]) - stakes * share[:, None]
    total = (window.hits - window.rows * share) / spread
    usual = reference.hits / np.maximum(reference.rows, 1.0)
    moved = np.where(varies & (reference.rows > 0), (window.hits - window.rows * usual) / spread, 0.0)
    log_e = STAKES[None, :] * total[:, None] - _bound(log_mean, window.rows[:, None], size[:, None])
    return Bets(log_e=np.where(varies[:, None], log_e, 0.0), moved=moved, rows=window.rows)


def _bound(log_mean: Floats, rows: Floats, size: Floats) -> Floats:
    """Log of the lesser of Hoeffding's two bounds, of the window and of the rest of the pool."""
    return np.minimum(rows * log_mean, (size - rows) * log_mean[..., _FLIPPED])


def grown(log_sums: Floats, log_e: Floats, most: Floats) -> Floats:
    """Shiryaev-Roberts sums (k, n_stakes) after one more window, as logs, cut off at `most` (k, 1).

    The cut only lowers a sum. It lets the evidence fade within a few windows when a stream has come back.
    """
    return np.clip(np.logaddexp(0.0, log_sums) + log_e, -700.0, most)


class Shift(NamedTuple):
    """Two running sums of each score, one for rises and one for falls, since the score last looked unmoved.

    Attributes:
        moved: (k, 2) sum of the deviations from the reference mean, in standard deviations, positive.
        rows: (k, 2) rows counted.
    """

    moved: Floats
    rows: Floats

    @property
    def size(self) -> Floats:
        """(k, 2) mean deviation: how far the score has moved."""
        return self.moved / np.maximum(self.rows, 1.0)


def shifted(before: Shift, bets: Bets, least: float) -> Shift:
    """The sums after one more window: Page's cumulative sum (1954) with half of `least` as what is let pass a row."""
    moved = before.moved + np.stack((bets.moved, -bets.moved), axis=1)
    rows = before.rows + bets.rows[:, None]
    off = moved <= rows * least / 2.0
    return Shift(moved=np.where(off, 0.0, moved), rows=np.where(off, 0.0, rows))
