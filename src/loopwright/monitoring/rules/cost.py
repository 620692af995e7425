"""What errors cost, in money."""

import math
from collections.abc import Callable
from typing import Any

import msgspec

from loopwright.errors import UsageError


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """The price of each outcome of a decision, or a function that says what each answer cost.

    Attributes:
        false_positive, false_negative, true_positive, true_negative: Of one request, in `currency`; a gain is negative.
        currency: As `USD`.
        threshold: A score above it is a decision for the positive class.
        function: `(label (n,), score (n,) or (n, k)) -> (n,)` money of each request, in place of the prices.
    """

    false_positive: float = 0.0
    false_negative: float = 0.0
    true_positive: float = 0.0
    true_negative: float = 0.0
    currency: str = "USD"
    threshold: float = 0.5
    function: Any = None

    @property
    def name(self) -> str:
        """Says which cost it is: the same name means the same prices."""
        if self.function is not None:
            return f"cost({self.function.__name__}, {self.currency})"
        prices = (self.false_positive, self.false_negative, self.true_positive, self.true_negative)
        said = ", ".join(f"{price:g}" for price in (prices if any(prices[2:]) else prices[:2]))
        decided = "" if self.threshold == 0.5 else f" above {self.threshold:g}"
        return f"cost({said} {self.currency}{decided})"


def cost(
    function: Callable[..., Any] | None = None,
    *,
    false_positive: float = 0.0,
    false_negative: float = 0.0,
    true_positive: float = 0.0,
    true_negative: float = 0.0,
    currency: str = "USD",
    threshold: float = 0.5,
) -> Cost:
    """What errors cost: `lw.watch.cost(false_positive=5, false_negative=80)`, or a function of labels and scores.

    Raises:
        UsageError: Every price is nought, one is not finite, or there are prices beside a function.
    """
    prices = (false_positive, false_negative, true_positive, true_negative)
    if function is None and not any(prices):
        raise UsageError("cost() has no price", fix="Give false_positive= and false_negative=, or a function.")
    if function is not None and any(prices):
        raise UsageError("cost() has both prices and a function", fix="Give one of the two.")
    if not all(math.isfinite(number) for number in (*prices, threshold)):
        raise UsageError("cost() has a price or a threshold that is not a number", fix="Give finite numbers.")
    return Cost(
        false_positive=float(false_positive),
        false_negative=float(false_negative),
        true_positive=float(true_positive),
        true_negative=float(true_negative),
        currency=currency,
        threshold=float(threshold),
        function=function,
    )
