"""The simulated table of `drift_simulation.py`: 25 mixed columns, six ways to move it. NumPy only: peers read it too.

Fifteen numbers, of which three pairs have a correlation of 0.5, two columns are skewed and all miss 2 %; ten categories
of five levels.
"""

import numpy as np

NUMBERS, CATEGORIES = 15, 10
SHARES = (0.2, 0.3, 0.25, 0.15, 0.1)
LEVELS = "abcde"
SCENARIOS = {
    "none": "no drift",
    "place_025": "0.25 sd in one of 25 columns",
    "place_010": "0.1 sd in one of 25 columns",
    "share": "one of five shares 20 → 25 %",
    "missing": "missing 2 → 5 % in one column",
    "correlation": "correlation 0.5 → 0.2 of one pair",
    "immaterial": "immaterial 0.02 sd in 8 columns",
}


def rows_of(rng, n, scenario="none"):
    """Numbers (n, 15) with NaN for missing, and codes (n, 10)."""
    z = rng.normal(size=(n, NUMBERS))
    for first in (0, 2, 4):
        r = 0.2 if scenario == "correlation" and first == 0 else 0.5
        z[:, first + 1] = r * z[:, first] + np.sqrt(1 - r * r) * z[:, first + 1]
    if scenario in ("place_025", "place_010"):
        z[:, 7] += 0.25 if scenario == "place_025" else 0.1
    if scenario == "immaterial":
        z[:, :8] += 0.02
    z[:, 13:] = np.exp(0.5 * z[:, 13:])
    missing = np.full(NUMBERS, 0.02)
    missing[8] = 0.05 if scenario == "missing" else 0.02
    z[rng.random(z.shape) < missing] = np.nan
    codes = np.searchsorted(np.cumsum(SHARES)[:-1], rng.random((n, CATEGORIES)), side="right")
    if scenario == "share":
        codes[(codes[:, 3] != 0) & (rng.random(n) < 0.05 / 0.8), 3] = 0
    return z, codes


def names():
    """Of the columns, numbers first."""
    return [f"n{i:02d}" for i in range(NUMBERS)], [f"c{i}" for i in range(CATEGORIES)]
