"""Do two samples come from one distribution? Statistic, p-value and, because p alone says little, an effect size."""

from dataclasses import dataclass

import numpy as np

from loopwright.stats.arrays import AnyArray, Floats, floats

_NAN = float("nan")
_LEAST_EXPECTED = 5.0
"""Expected count of a cell below which the chi-square approximation is poor (Cochran 1954)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSample:
    """One test's answer; NaN throughout where a side is empty.

    `effect` is a size that does not grow with the samples: the KS distance, Cramér's V, or the probability that a
    current value exceeds a reference one (0.5 is none).
    """

    test: str
    statistic: float
    p_value: float
    effect: float
    n_reference: int
    n_current: int


def _undefined(test: str, n_reference: int, n_current: int) -> TwoSample:
    return TwoSample(test=test, statistic=_NAN, p_value=_NAN, effect=_NAN, n_reference=n_reference, n_current=n_current)


def kolmogorov_smirnov(reference: Floats, current: Floats) -> TwoSample:
    """Two-sample KS test of values, exact for small samples and asymptotic for large ones. NaN values are left out."""
    from scipy import stats

    reference, current = _finite(reference), _finite(current)
    if reference.size == 0 or current.size == 0:
        return _undefined("ks", reference.size, current.size)
    method = "exact" if max(reference.size, current.size) <= 1_000 else "asymp"
    found = stats.ks_2samp(reference, current, method=method)
    return TwoSample(
        test="ks",
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        effect=float(found.statistic),
        n_reference=reference.size,
        n_current=current.size,
    )


def chi_square(reference_counts: Floats, current_counts: Floats) -> TwoSample:
    """Test of homogeneity over counts (n_bins,) of the same bins (Pearson 1900); the effect is Cramér's V.

    Bins whose expected count is under five on either side are pooled into one first.
    """
    from scipy import stats

    table = np.stack((floats(reference_counts), floats(current_counts)))
    n_reference, n_current = (int(total) for total in table.sum(axis=1))
    if n_reference == 0 or n_current == 0:
        return _undefined("chi_square", n_reference, n_current)
    table = _pooled(table)
    if table.shape[1] < 2:
        return TwoSample(
            test="chi_square", statistic=0.0, p_value=1.0, effect=0.0, n_reference=n_reference, n_current=n_current
        )
    found = stats.chi2_contingency(table, correction=False)
    return TwoSample(
        test="chi_square",
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        effect=float(np.sqrt(found.statistic / table.sum())),
        n_reference=n_reference,
        n_current=n_current,
    )


def _pooled(table: Floats) -> Floats:
    expected = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    thin = expected < _LEAST_EXPECTED
    rest = table[:, thin].sum(axis=1, keepdims=True)
    kept = table[:, ~thin]
    return np.concatenate((kept, rest), axis=1) if rest.sum() > 0 else kept


def mann_whitney(reference: Floats, current: Floats) -> TwoSample:
    """Test for a shift (Mann and Whitney 1947), with ties; the effect is P(current > reference) + P(equal) / 2."""
    from scipy import stats

    reference, current = _finite(reference), _finite(current)
    if reference.size == 0 or current.size == 0:
        return _undefined("mann_whitney", reference.size, current.size)
    found = stats.mannwhitneyu(current, reference, alternative="two-sided", method="asymptotic")
    p_value = float(found.pvalue)
    return TwoSample(
        test="mann_whitney",
        statistic=float(found.statistic),
        p_value=1.0 if np.isnan(p_value) else p_value,
        effect=float(found.statistic) / (reference.size * current.size),
        n_reference=reference.size,
        n_current=current.size,
    )


def binned_ranks(reference_counts: Floats, current_counts: Floats) -> TwoSample:
    """Mann and Whitney's test from counts (n_bins,) over the same ordered bins; values of one bin are ties.

    The normal approximation with the variance of ties; the statistic is the standardised one. Where one bin holds all
    values there is nothing to ask, and the p-value is NaN.
    """
    from scipy import special

    reference, current = floats(reference_counts), floats(current_counts)
    m, n = float(reference.sum()), float(current.sum())
    if m < 1 or n < 1:
        return _undefined("binned_ranks", int(m), int(n))
    pooled = reference + current
    below = np.cumsum(reference) - reference / 2.0
    effect = float(current @ below / (m * n))
    total = m + n
    variance = (total + 1 - float(np.sum(pooled**3 - pooled)) / (total * max(total - 1, 1))) / (12 * m * n)
    alone = pooled.max() == total
    z = 0.0 if alone else (effect - 0.5) / np.sqrt(variance)
    return TwoSample(
        test="binned_ranks",
        statistic=float(z),
        p_value=_NAN if alone else float(2 * special.ndtr(-abs(z))),
        effect=effect,
        n_reference=int(m),
        n_current=int(n),
    )


def shares_p_value(reference: tuple[AnyArray, AnyArray], current: tuple[AnyArray, AnyArray]) -> Floats:
    """(k,) two-sided mid-p of k tables for "both shares are alike", given how many hits there are in all.

    Exact at any size and in the far tail (Fisher 1934; mid-p: Lancaster 1961), so rare things may be asked about.
    NaN where a side is empty or the hits in all leave nothing to ask: none, or every row.

    Args:
        reference: (k,) hits, among (k,) reference rows.
        current: (k,) hits, among (k,) current rows.
    """
    from scipy import stats

    hits, rows = (np.rint(floats(part)) for part in current)
    both, total = (mine + np.rint(floats(part)) for mine, part in zip((hits, rows), reference, strict=True))
    asked = (rows > 0) & (rows < total) & (both > 0) & (both < total)
    found = np.full(np.broadcast(hits, total).shape, np.nan)
    if not asked.any():
        return found
    table = hits[asked], total[asked], both[asked], rows[asked]
    half = stats.hypergeom.pmf(*table) / 2.0
    least = np.minimum(stats.hypergeom.sf(*table) + half, stats.hypergeom.cdf(*table) - half)
    found[asked] = np.minimum(2.0 * least, 1.0)
    return floats(np.maximum(found, 0.0))


def _finite(values: Floats) -> Floats:
    array = floats(values)
    return array[np.isfinite(array)]
