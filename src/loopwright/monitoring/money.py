"""What errors cost: money of each labelled request, as a metric among the others."""

from functools import lru_cache
from typing import Any

import numpy as np

from loopwright.monitoring.rules.cost import Cost
from loopwright.stats.arrays import AnyArray, Floats, floats, positive_mask
from loopwright.stats.quality import Metric

NAN = float("nan")


def money(cost: Cost, label: AnyArray, score: Floats, *, classes: tuple[Any, ...]) -> Floats:
    """(n,) what each request cost, in `cost.currency`; NaN where the score is no number.

    Args:
        cost: Prices of a binary decision, or a function of any task.
        label: (n,).
        score: (n,) or (n, k).
        classes: As in the signature.
    """
    score = floats(score)
    if cost.function is not None:
        return floats(cost.function(np.asarray(label), score))
    truth, said = positive_mask(label, classes), score > cost.threshold
    priced = np.where(
        said,
        np.where(truth, cost.true_positive, cost.false_positive),
        np.where(truth, cost.false_negative, cost.true_negative),
    )
    return np.where(np.isfinite(score), priced, NAN)


@lru_cache(maxsize=64)
def cost_metric(cost: Cost) -> Metric:
    """Mean money per request; less is better. The same cost gives the same metric."""

    def mean(label: AnyArray, score: Floats, classes: tuple[Any, ...] = ()) -> float:
        each = money(cost, label, score, classes=classes)
        return float(each.mean()) if each.size and np.isfinite(each).all() else NAN

    return Metric(
        name=cost.name,
        tasks=("binary",) if cost.function is None else ("binary", "multiclass", "regression"),
        greater_is_better=False,
        function=mean,
        bounds=(float("-inf"), float("inf")),
    )
