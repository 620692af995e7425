"""Many questions asked at once."""

import numpy as np

from loopwright.stats.arrays import Floats, floats


def holm(p_values: Floats) -> Floats:
    """Adjusted p-values (Holm 1979): rejecting those <= alpha errs anywhere with probability <= alpha.

    Holds whatever the dependence between the tests. A NaN stays NaN and is not counted as a question.

    Args:
        p_values: (n,) of any order.

    Returns:
        (n,) in the same order.
    """
    p_values = floats(p_values)
    adjusted = np.full(p_values.shape, np.nan)
    asked = np.flatnonzero(np.isfinite(p_values))
    order = asked[np.argsort(p_values[asked], kind="stable")]
    steps = p_values[order] * (order.size - np.arange(order.size))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
