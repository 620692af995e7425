"""The one interface of statistics that compare a column of a window with the same column of the reference.

A statistic is without state: counts in, a measure out. Its effect is on a scale of its own that does not grow with the
rows; its floor is the effect under which nobody wants to hear of it.
"""

from typing import Literal, Protocol

import msgspec

from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import Floats

Family = Literal["place", "spread", "shares", "levels", "missing", "pairs"]
"""Questions of one family share a part of alpha."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What one statistic makes of one column.

    Attributes:
        effect: In the statistic's unit; 0 is no difference; NaN where it is not defined.
        p_value: Chance of such a difference between two samples of one source, the reference's own sampling included;
            NaN where the statistic is a figure only or there is nothing to ask.
        said: The effect in words, as `place +0.25 sd`.
        figure: What is shown, where that is not the effect.
    """

    effect: float
    said: str
    p_value: float = float("nan")
    figure: float | None = None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A window's counts of one column, and how many independent rows both sides are worth in a test.

    Attributes:
        counts: (n_bins,) of the window.
        worth_reference, worth_current: Factors on the rows in (0, 1]: 1 for independent rows, less where rows of a
            block are alike.
    """

    counts: Floats
    worth_reference: float = 1.0
    worth_current: float = 1.0


class ColumnStatistic(Protocol):
    """One statistic. It never raises for what a column holds: an effect that is not defined is NaN."""

    @property
    def name(self) -> str:
        """Unique, as `missing`."""

    @property
    def family(self) -> Family | None:
        """Whose part of alpha its question has; None for a figure without a test."""

    @property
    def floor(self) -> float:
        """The least effect, in absolute value, that is worth a word."""

    def applies(self, column: ColumnReference) -> bool:
        """Whether it is defined for such a column."""

    def measure(self, column: ColumnReference, sample: Sample) -> Measure:
        """Compare a window with the reference.

        Args:
            column: The reference's, with at least one row.
            sample: The window's, with at least one row.
        """
