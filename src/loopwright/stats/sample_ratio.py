"""Are units dealt to arms in the declared proportion? Always valid, so it may be asked after every unit.

A broken proportion (redirects lost, a cache that serves one arm) makes every comparison of the arms wrong, whatever it
shows. The evidence is a Bayes factor of any proportion against the declared one, with a Dirichlet prior around it;
under the declared one it is a martingale from 1 (Lindon and Malek 2022, "Anytime-valid inference for multinomial count
data").
"""

from collections.abc import Sequence
from math import lgamma, log

_CONCENTRATION = 100.0
"""Weight of the prior in units: large enough to notice a shift of a few percent, small enough to notice it early."""


def log_evidence(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Log of the evidence against the declared shares; log(1 / alpha) refutes them at error rate alpha.

    Args:
        counts: (n_arms,) units of each arm.
        shares: (n_arms,) the declared part of each, above 0, adding up to 1.

    Raises:
        ValueError: The lengths differ, a share is not above 0, or they do not add up to 1.
    """
    if len(counts) != len(shares) or min(shares) <= 0.0 or abs(sum(shares) - 1.0) > 1e-9:
        raise ValueError(f"{len(counts)} counts do not go with the shares {list(shares)}")
    total = sum(counts)
    found = lgamma(_CONCENTRATION) - lgamma(_CONCENTRATION + total)
    for count, share in zip(counts, shares, strict=True):
        prior = _CONCENTRATION * share
        found += lgamma(prior + count) - lgamma(prior) - count * log(share)
    return found
