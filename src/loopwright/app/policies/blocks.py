"""Which block each row of the past lies in, as a drift rule counts them: spans of time, or windows of so many rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loopwright.app.policies.history import History
from loopwright.core.clock import Micros
from loopwright.monitoring.reference import DAY
from loopwright.monitoring.rules.drift import DriftRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks of a rule whose window is settled.

    Attributes:
        history: The past.
        rule: The rule.
    """

    history: History
    rule: DriftRule

    def number(self, instant: Micros) -> int:
        """The block that is not over yet at an instant."""
        if self.rule.rows is None:
            return instant // (self.rule.block_us or DAY)
        return self.row(instant) // self.rule.rows

    def of(self, rows: slice) -> NDArray[np.int64]:
        """(n_rows,) the block of each row."""
        if self.rule.rows is None:
            return self.history.at[rows] // (self.rule.block_us or DAY)
        return np.arange(rows.start, rows.stop, dtype=np.int64) // self.rule.rows

    def whole(self, since: Micros, until: Micros) -> slice:
        """The rows until an instant, from the first row of the block that `since` lies in: blocks are counted whole."""
        if self.rule.rows is None:
            first = self.row(since - since % (self.rule.block_us or DAY))
        else:
            first = self.row(since) // self.rule.rows * self.rule.rows
        return slice(first, max(first, self.row(until)))

    def row(self, instant: Micros) -> int:
        """How many rows there are before an instant."""
        return int(np.searchsorted(self.history.at, instant))
