"""Which arm is the best? Posterior probabilities of bounded rewards, for shares that follow them."""

from collections.abc import Sequence

import numpy as np

from loopwright.stats.arrays import Floats

_DRAWS = 4_000


def probability_best(totals: Sequence[float], counts: Sequence[int], *, seed: int) -> Floats:
    """(n_arms,) the probability that each arm has the greatest mean, adding up to 1.

    Each mean has the posterior Beta(1 + total, 1 + count - total): exact for rewards of 0 and 1 with a flat prior, too
    wide for rewards in between, which makes shares follow more slowly and no less surely. Drawing one arm with these
    probabilities is Thompson sampling (Thompson 1933).

    Args:
        totals: (n_arms,) sums of rewards on [0, 1].
        counts: (n_arms,) how many rewards.
        seed: Where the draws come from; the same seed gives the same answer.

    Raises:
        ValueError: A total lies outside of what its count allows.
    """
    if any(not -1e-9 <= total <= count + 1e-9 for total, count in zip(totals, counts, strict=True)):
        raise ValueError("a total of rewards on [0, 1] lies between 0 and their count")
    total, count = np.clip(np.asarray(totals, np.float64), 0.0, None), np.asarray(counts, np.float64)
    rng = np.random.default_rng(seed)
    draws = rng.beta(1.0 + total, 1.0 + np.clip(count - total, 0.0, None), size=(_DRAWS, len(total)))
    wins = np.bincount(draws.argmax(axis=1), minlength=len(total))
    return wins / _DRAWS


def floored(shares: Floats, least: float) -> Floats:
    """(n,) shares of which none is below `least`; the others give in proportion to what they have above it.

    Raises:
        ValueError: There is not enough to give each the least.
    """
    room = 1.0 - least * len(shares)
    if room < -1e-12:
        raise ValueError(f"{len(shares)} shares of at least {least} are more than 1")
    found = np.asarray(shares, np.float64) / float(np.sum(shares))
    for _ in range(len(found)):
        low = found <= least
        if not low.any() or low.all():
            break
        rest = 1.0 - least * int(low.sum())
        found = np.where(low, least, found * rest / found[~low].sum())
        if (found >= least - 1e-12).all():
            break
    return found
