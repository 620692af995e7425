"""Tables of numbers as standardised arrays, for measures that need distances."""

from typing import TYPE_CHECKING, Any

import numpy as np

from loopwright.stats.arrays import Floats

if TYPE_CHECKING:
    import polars as pl

_MOST_SPREADS = 10.0
"""Values farther out than so many standard deviations count as so far: one broken value must not decide a window."""


def numbers(table: "pl.DataFrame") -> Floats:
    """(n_rows, n_columns) as floats, NaN for missing; infinite values are missing, too."""
    import polars as pl

    found = table.select(pl.all().cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return np.where(np.isfinite(found), found, np.nan)


def standardised(base: Floats, *others: Floats) -> tuple[Floats, ...]:
    """The base and the others by the base's mean and spread; missing values take the mean.

    A column that is constant or all missing in the base is measured in its own unit.
    """
    known = np.isfinite(base)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, base, 0.0)
    mean = filled.sum(axis=0) / count
    spread = np.sqrt((np.where(known, base - mean, 0.0) ** 2).sum(axis=0) / count)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(mean), 1.0), spread, 1.0)
    return tuple(
        np.clip(np.nan_to_num((values - mean) / spread, nan=0.0), -_MOST_SPREADS, _MOST_SPREADS)
        for values in (base, *others)
    )


def ranked(names: list[str], figures: Floats, key: str, *, most: int = 12) -> tuple[dict[str, Any], ...]:
    """Columns with their figure under `key`, the largest first; only those above zero."""
    order = np.argsort(-figures, kind="stable")[:most]
    return tuple({"column": names[i], key: round(float(figures[i]), 6)} for i in order if figures[i] > 0)
