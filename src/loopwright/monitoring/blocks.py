"""Figures of one block (day) of one column, on a scale that does not depend on how many rows the block has.

Rows within a day are alike (one storm delays every flight), so a day counts as one observation, not as its rows. A
day's share of each bin varies around the long-run share by a between-day variance, estimated from the reference by
moments (DerSimonian and Laird 1986), plus the binomial variance of its rows; dividing by both lets busy and thinned
days be ranked together. Two figures follow:

- shape: the mean over bins of the squared standardised share; large when anything moved, missing values included;
- location: the standardised mean position of a number on the reference's own cumulative scale, signed.

Days also remember: a bad day follows a bad day, and ranks of such a stream alarm far too often (with a lag-1
correlation of 0.55, every 115 days instead of every 1,000). Each figure therefore enters as its innovation over the
day before, with the correlation estimated on the reference.
"""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import Floats, floats

FigureName = Literal["shape", "location"]
_LEAST_SPREAD = 0.005
"""Between-day standard deviation of a share below which days are taken to be that unlike: half a percent of rows moving
is not worth an alarm, and a bin that was always empty has no spread of its own."""
_MOST_MEMORY = 0.9
_GROUPS = 10
"""Bins that the shape of a day is looked at by; a day has too few rows to fill all the bins of a column."""


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    """What a day of one column is standardised by; `positions` and `groups` are (n_bins,) and less.

    Attributes:
        shares: (n_groups,) mean daily share of each group of bins.
        between: (n_groups,) between-day variance of each share.
        groups: The group of each bin; empty where each bin is a group of its own, as in references of format 1.
        positions: Middle of each bin but the missing one on the cumulative scale of the reference, in [0, 1]; empty for
            categories.
        location: Mean daily location.
        location_between: Its between-day variance.
        location_within: Variance of the positions of single rows.
    """

    shares: tuple[float, ...]
    between: tuple[float, ...]
    groups: tuple[int, ...] = ()
    positions: tuple[float, ...] = ()
    location: float = 0.0
    location_between: float = 1.0
    location_within: float = 0.0


def positions_of(counts: Floats) -> tuple[float, ...]:
    """Middle of each bin on the cumulative scale; `counts` (n_bins - 1,) without the missing bin."""
    shares = counts / max(counts.sum(), 1.0)
    return tuple((np.cumsum(shares) - shares / 2.0).tolist())


def groups_of(counts: Floats) -> tuple[int, ...]:
    """The group of each bin of a number: ten of about equal mass, the outer bins and the missing one by themselves.

    Args:
        counts: (n_bins,) of the reference.
    """
    inner = counts[1:-2]
    if inner.size <= _GROUPS:
        return ()
    middles = floats(positions_of(inner))
    found = np.minimum((middles * _GROUPS).astype(int), _GROUPS - 1)
    _, packed = np.unique(found, return_inverse=True)
    last = int(packed[-1]) + 1
    return (0, *(int(group) + 1 for group in packed), last + 1, last + 2)


def grouped(counts: Floats, groups: tuple[int, ...]) -> Floats:
    """Counts (…, n_bins) added up by group: (…, n_groups)."""
    if not groups:
        return counts
    starts: NDArray[np.int64] = np.flatnonzero(np.diff(np.asarray([-1, *groups], dtype=np.int64)))
    return np.add.reduceat(counts, starts, axis=-1)


def standard_of(days: Floats, positions: tuple[float, ...] = (), groups: tuple[int, ...] = ()) -> Standard:
    """The standard of daily counts (n_days, n_bins), every day with rows; `positions` and `groups` for a number."""
    rows = days.sum(axis=1, keepdims=True)
    daily = grouped(days, groups) / rows
    shares = daily.mean(axis=0)
    between = _between(daily, shares * (1 - shares) * np.mean(1.0 / rows))
    plain = Standard(shares=tuple(shares.tolist()), between=tuple(between.tolist()), groups=groups, positions=positions)
    known = days[:, :-1].sum(axis=1)
    if not positions or not np.any(known > 0):
        return plain
    kept, known = days[known > 0, :-1], known[known > 0]
    scale = floats(positions)
    means = kept @ scale / known
    pooled = kept.sum(axis=0) / known.sum()
    within = float(pooled @ (scale - pooled @ scale) ** 2)
    return msgspec.structs.replace(
        plain,
        location=float(means.mean()),
        location_between=float(_between(means[:, None], floats([within * np.mean(1.0 / known)]))[0]),
        location_within=within,
    )


def _between(daily: Floats, sampling: Floats) -> Floats:
    observed = daily.var(axis=0, ddof=1) if daily.shape[0] > 1 else np.zeros(daily.shape[1])
    return np.maximum(observed - sampling, _LEAST_SPREAD**2)


def shape_of(counts: Floats, standard: Standard) -> float:
    """Mean squared standardised share of a day's counts (n_bins,); near 1 for an ordinary day."""
    n = counts.sum()
    shares = floats(standard.shares)
    noise = np.maximum(shares * (1 - shares), _LEAST_SPREAD) / n
    found = grouped(counts, standard.groups) / n
    return float(np.mean((found - shares) ** 2 / (floats(standard.between) + noise)))


def location_of(counts: Floats, standard: Standard) -> float:
    """Standardised mean position of a day's counts (n_bins,); NaN where every value is missing."""
    known = counts[:-1].sum()
    if known == 0:
        return float("nan")
    mean = counts[:-1] @ floats(standard.positions) / known
    spread = standard.location_between + standard.location_within / known
    return float((mean - standard.location) / np.sqrt(spread))


def figure_of(name: FigureName, counts: Floats, standard: Standard) -> float:
    """The figure called `name` of a day's counts, rounded so that it reads the same after JSON."""
    return round(shape_of(counts, standard) if name == "shape" else location_of(counts, standard), 4)


def leave_one_out(
    name: FigureName, days: Floats, positions: tuple[float, ...], *, groups: tuple[int, ...] = ()
) -> Floats:
    """(n_days,) figure of each day against the standard of all others, as a later day is judged against all."""
    figures = _shapes(days, groups) if name == "shape" else _locations(days, floats(positions))
    return floats(np.round(figures, 4))


def _shapes(days: Floats, groups: tuple[int, ...]) -> Floats:
    """`shape_of` each day by `standard_of` the others, without making n standards."""
    rows = days.sum(axis=1, keepdims=True)
    daily = grouped(days, groups) / rows
    shares, observed = _moments_without(daily)
    sampling = shares * (1 - shares) * _moments_without(1.0 / rows)[0]
    between = np.maximum(observed - sampling, _LEAST_SPREAD**2)
    noise = np.maximum(shares * (1 - shares), _LEAST_SPREAD) / rows
    return floats(np.mean((daily - shares) ** 2 / (between + noise), axis=1))


def _locations(days: Floats, scale: Floats) -> Floats:
    """`location_of` each day by `standard_of` the others; NaN for a day without a known value."""
    known = days[:, :-1].sum(axis=1)
    figures = np.full(days.shape[0], np.nan)
    held = known > 0
    if held.sum() < 2:
        return figures
    counts, rows = days[held, :-1], known[held]
    means = counts @ scale / rows
    mean, observed = _moments_without(means[:, None])
    pooled = (counts.sum(axis=0) - counts) / (rows.sum() - rows)[:, None]
    within = np.maximum(pooled @ scale**2 - (pooled @ scale) ** 2, 0.0)
    sampling = within * _moments_without(1.0 / rows[:, None])[0][:, 0]
    between = np.maximum(observed[:, 0] - sampling, _LEAST_SPREAD**2)
    figures[held] = (means - mean[:, 0]) / np.sqrt(between + within / rows)
    return figures


def _moments_without(values: Floats) -> tuple[Floats, Floats]:
    """(n, k) mean and variance of all rows of values (n, k) but the own; the variance of a single row is 0."""
    others = values.shape[0] - 1
    centre = values.mean(axis=0)  # squares of differences from it lose no digits
    moved = values - centre
    mean = (moved.sum(axis=0) - moved) / max(others, 1)
    squares = (moved**2).sum(axis=0) - moved**2
    variance = (squares - others * mean**2) / (others - 1) if others > 1 else np.zeros(values.shape)
    return floats(centre + mean), floats(np.maximum(variance, 0.0))


def memory_of(figures: Floats, days: tuple[int, ...]) -> float:
    """Lag-1 correlation of the figures over consecutive days, in [0, 0.9], corrected for its bias (Kendall 1954)."""
    numbers = floats(days)
    paired = (np.diff(numbers) == 1) & np.isfinite(figures[1:]) & np.isfinite(figures[:-1])
    if paired.sum() < 10:
        return 0.0
    before, after = figures[:-1][paired], figures[1:][paired]
    if before.std() == 0 or after.std() == 0:
        return 0.0
    found = float(np.corrcoef(before, after)[0, 1])
    return float(np.clip(found + (1 + 4 * found) / paired.sum(), 0.0, _MOST_MEMORY))


def innovation(value: float, before: float | None, memory: float) -> float:
    """What a day's figure adds to what the day before foretold; on the same scale where there was no day before."""
    if before is None or not np.isfinite(before):
        return round(value * float(np.sqrt(1 - memory**2)), 4)
    return round(value - memory * before, 4)
