"""The values of one column of a source, with their running sums.

A running sum is kept as a double and the error its rounding made, so that a window does not lose digits to the
rows before it (TwoSum: Knuth, The Art of Computer Programming 2, 4.2.2).
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSums:
    """Sums of the first values: `(n_values + 1,)` each.

    Attributes:
        rounded: As doubles.
        lost: What rounding has lost; None where it has lost nothing.
    """

    rounded: Floats
    lost: Floats | None

    def between(self, low: Ints, high: Ints) -> Floats:
        """The sum of the values in each range `[low, high)`, right to about its own last digit."""
        above, below = self.rounded[high], self.rounded[low]
        rough = above - below
        if self.lost is None:
            return rough
        part = rough - above
        tail = (above - (rough - part)) - (below + part)
        return rough + (tail + (self.lost[high] - self.lost[low]))


def running_sums(values: Floats) -> RunningSums:
    """The running sums of `(n_values,)` finite values."""
    rounded = np.zeros(len(values) + 1)
    np.cumsum(values, out=rounded[1:])
    before, after = rounded[:-1], rounded[1:]
    added = after - before
    error = before - (after - added)
    error += values - added
    if not error.any():
        return RunningSums(rounded=rounded, lost=None)
    lost = np.zeros(len(values) + 1)
    np.cumsum(error, out=lost[1:])
    return RunningSums(rounded=rounded, lost=lost)


@dataclass(frozen=True, kw_only=True)
class Column:
    """The values of one column that are finite, in the order of the rows. Not slotted: it remembers its running sums.

    Attributes:
        values: `(n_values,)`.
        before: `(n_rows + 1,)`, how many values lie before each row; None where every row has one.
        rows: `(n_values,)`, the row of each value; None where every row has one.
    """

    values: Floats
    before: Ints | None
    rows: Ints | None

    @functools.cached_property
    def running(self) -> RunningSums:
        return running_sums(self.values)


def column(values: Floats) -> Column:
    """A column of `(n_rows,)` values, of which those that are not finite are none."""
    valid = np.isfinite(values)
    if valid.all():
        return Column(values=values, before=None, rows=None)
    before = np.zeros(len(values) + 1, np.int64)
    np.cumsum(valid, out=before[1:])
    return Column(values=values[valid], before=before, rows=np.flatnonzero(valid))
