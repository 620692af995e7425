"""Has the dependence between two columns changed? Fisher's exact test on how often they lie on the same side."""

from collections.abc import Sequence

import msgspec
import numpy as np

from loopwright.monitoring.detectors.statistic import Family
from loopwright.monitoring.pairs import Pair, correlation_of
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.two_sample import shares_p_value


class PairMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each pair, (n_pairs,) each: correlations by signs, and the p-values of no change.

    The effect is the difference of the correlations.
    """

    before: Floats
    now: Floats
    p_values: Floats

    @property
    def effects(self) -> Floats:
        """(n_pairs,); NaN where a side has no rows with both values."""
        return self.now - self.before


class PairSigns:
    """See `monitoring.pairs` for the counts. All pairs are measured at once."""

    name = "pairs"
    family: Family = "pairs"

    def __init__(self, floor: float = 0.1) -> None:
        self.floor = floor

    def measure(self, pairs: Sequence[Pair], counts: Floats, *, worth: Floats | None = None) -> PairMeasures:
        """Compare a window's counts with those of the reference.

        Args:
            pairs: Of the reference.
            counts: (n_pairs, 2) of the window.
            worth: (n_pairs, 2) what a row of the reference and one of the window count for in the test, in (0, 1]; 1
                where None.
        """
        known = floats([(pair.concordant, pair.discordant) for pair in pairs]).reshape(-1, 2)
        counts = floats(counts).reshape(-1, 2)
        each = np.ones(known.shape) if worth is None else floats(worth).reshape(-1, 2)
        before, now = known * each[:, :1], counts * each[:, 1:]
        return PairMeasures(
            before=floats([correlation_of(*row) for row in known.tolist()]),
            now=floats([correlation_of(*row) for row in counts.tolist()]),
            p_values=shares_p_value((before[:, 0], before.sum(axis=1)), (now[:, 0], now.sum(axis=1)))
            if len(pairs)
            else np.zeros(0),
        )
