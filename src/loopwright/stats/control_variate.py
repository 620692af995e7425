"""Taking out noise that was known beforehand (CUPED: Deng, Xu, Kohavi, Walker 2013; control variates)."""

import msgspec
import numpy as np

from loopwright.stats.arrays import Floats, floats


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of pairs (x, y), by which y's regression on x is known; plain JSON.

    Attributes:
        n: Pairs seen.
        x, y: Sums.
        xx, xy, yy: Sums of products.
    """

    n: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0

    @property
    def slope(self) -> float:
        """How much y rises with x, by least squares; 0 where that is not known."""
        spread = self.xx - self.x * self.x / self.n if self.n > 1 else 0.0
        return (self.xy - self.x * self.y / self.n) / spread if spread > 1e-12 else 0.0

    @property
    def mean_x(self) -> float:
        """Mean of x; 0 before the first."""
        return self.x / self.n if self.n else 0.0

    @property
    def explained(self) -> float:
        """Part of y's variance that x explains: the squared correlation; 0 where it is not known."""
        variance = self.yy - self.y * self.y / self.n if self.n > 1 else 0.0
        spread = self.xx - self.x * self.x / self.n if self.n > 1 else 0.0
        both = variance * spread
        return (self.xy - self.x * self.y / self.n) ** 2 / both if both > 1e-18 else 0.0


def with_pairs(state: Moments, x: Floats, y: Floats) -> Moments:
    """The sums after more pairs, (n,) each; a pair in which one is not finite is left out.

    Raises:
        ValueError: The lengths differ.
    """
    x, y = floats(x), floats(y)
    if x.shape != y.shape:
        raise ValueError(f"{x.size} covariates do not go with {y.size} values")
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    return Moments(
        n=state.n + x.size,
        x=state.x + float(x.sum()),
        y=state.y + float(y.sum()),
        xx=state.xx + float(x @ x),
        xy=state.xy + float(x @ y),
        yy=state.yy + float(y @ y),
    )
