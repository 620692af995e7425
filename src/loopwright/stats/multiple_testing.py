"""Many questions asked at once."""

import numpy as np

from loopwright.stats.arrays import Floats, floats


def holm(p_values: Floats, weights: Floats | None = None) -> Floats:
    """Adjusted p-values (Holm 1979): rejecting those <= alpha errs anywhere with probability <= alpha.

    Holds whatever the dependence between the tests. A NaN stays NaN and is not counted as a question.

    Args:
        p_values: (n,) of any order.
        weights: (n,) positive, how much of alpha each question gets before any is answered; alike where None. They must
            not depend on the p-values.

    Returns:
        (n,) in the same order.
    """
    p_values = floats(p_values)
    shares = np.ones(p_values.shape) if weights is None else floats(weights)
    adjusted = np.full(p_values.shape, np.nan)
    asked = np.flatnonzero(np.isfinite(p_values))
    order = asked[np.argsort(p_values[asked] / shares[asked], kind="stable")]
    left = np.cumsum(shares[order][::-1])[::-1]
    steps = p_values[order] / shares[order] * left
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
