"""How far one distribution lies from another, over frozen-bin counts or over values.

Counts are (n_bins,), non-negative, over the same bins. Every distance is NaN where one side is empty.
"""

import numpy as np

from loopwright.stats.arrays import Floats, floats

_NAN = float("nan")


def _shares(reference: Floats, current: Floats) -> tuple[Floats, Floats] | None:
    reference, current = floats(reference), floats(current)
    if reference.shape != current.shape:
        raise ValueError(f"{reference.shape[0]} reference bins but {current.shape[0]} current bins")
    if reference.sum() <= 0 or current.sum() <= 0:
        return None
    return reference / reference.sum(), current / current.sum()


def psi(reference: Floats, current: Floats, *, pseudo_count: float = 0.5) -> float:
    """Population stability index, with `pseudo_count` added to every bin so that an empty one is not infinite.

    0 means alike; 0.1 and 0.25 are the usual marks for a moderate and a large change (Siddiqi 2006). It grows with
    1 / n for small samples, so it is an effect size for reports and not a test.
    """
    if floats(reference).sum() <= 0 or floats(current).sum() <= 0:
        return _NAN
    shares = _shares(floats(reference) + pseudo_count, floats(current) + pseudo_count)
    assert shares is not None
    p, q = shares
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(reference: Floats, current: Floats) -> float:
    """Jensen-Shannon distance, base 2: the square root of the divergence, in [0, 1] (Endres, Schindelin 2003)."""
    shares = _shares(reference, current)
    if shares is None:
        return _NAN
    p, q = shares
    middle = (p + q) / 2.0
    divergence = 0.5 * _relative_entropy(p, middle) + 0.5 * _relative_entropy(q, middle)
    return float(np.sqrt(max(divergence, 0.0)))


def _relative_entropy(p: Floats, q: Floats) -> float:
    held = p > 0
    return float(np.sum(p[held] * np.log2(p[held] / q[held])))


def total_variation(reference: Floats, current: Floats) -> float:
    """Half the sum of absolute differences of shares: the mass that would have to move, in [0, 1]."""
    shares = _shares(reference, current)
    return _NAN if shares is None else float(np.abs(shares[0] - shares[1]).sum() / 2.0)


def ks_binned(reference: Floats, current: Floats) -> float:
    """Kolmogorov-Smirnov distance at the bins' edges, for bins in order: at most the distance of the values."""
    shares = _shares(reference, current)
    return _NAN if shares is None else float(np.abs(np.cumsum(shares[0] - shares[1])).max())


def ks_distance(reference: Floats, current: Floats) -> float:
    """Greatest gap between the two empirical distribution functions of values, in [0, 1]."""
    reference, current = np.sort(floats(reference)), np.sort(floats(current))
    if reference.size == 0 or current.size == 0:
        return _NAN
    points = np.concatenate((reference, current))
    gaps = _cdf(reference, points) - _cdf(current, points)
    return float(np.abs(gaps).max())


def wasserstein_1(reference: Floats, current: Floats) -> float:
    """Mean distance that mass has to move, in the unit of the values."""
    reference, current = np.sort(floats(reference)), np.sort(floats(current))
    if reference.size == 0 or current.size == 0:
        return _NAN
    points = np.sort(np.concatenate((reference, current)))
    gaps = np.abs(_cdf(reference, points[:-1]) - _cdf(current, points[:-1]))
    return float(np.sum(gaps * np.diff(points)))


def wasserstein_binned(reference: Floats, current: Floats, positions: Floats) -> float:
    """Wasserstein-1 with each bin's mass at `positions` (n_bins,), ascending, in the unit of the positions."""
    shares = _shares(reference, current)
    if shares is None:
        return _NAN
    return float(np.sum(np.abs(np.cumsum(shares[0] - shares[1]))[:-1] * np.diff(floats(positions))))


def _cdf(ordered: Floats, points: Floats) -> Floats:
    return np.searchsorted(ordered, points, side="right") / ordered.size
