"""The one interface of what compares whole rows: how unlike are the rows of a window and those of the reference?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from loopwright.stats.exchangeability import Side

if TYPE_CHECKING:
    import polars as pl


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one window came to.

    Attributes:
        figures: By name: what the sequential rule ranks; NaN where it is undefined.
        effect: Size of the difference on the measure's own scale, 0 for none; does not grow with the rows.
        p_value: Chance of such a difference without change, for independent rows; None where nobody asked.
        columns: The columns (or words) that tell the two apart, the strongest first: `column` and a figure.
        details: More figures, as plain JSON.
    """

    figures: dict[str, float]
    effect: float
    p_value: float | None = None
    columns: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = {}


class RowMeasure(Protocol):
    """Compares two tables of rows. Pure and deterministic: the same tables give the same figures."""

    @property
    def name(self) -> str:
        """As `classifier`."""

    @property
    def scale(self) -> str:
        """What `effect` is, in words, as `AUC above 0.5`."""

    @property
    def least_effect(self) -> float:
        """The effect under which a difference is not worth an incident, where the rule names none."""

    @property
    def most_windows(self) -> int:
        """How many windows of the reference are measured for calibration at most; what costs time is kept small."""

    def sides(self, columns: tuple[str, ...]) -> Mapping[str, Side]:
        """The figures for tables of these columns, and which values of each count as a change."""

    def measure(self, base: "pl.DataFrame", window: "pl.DataFrame", *, explain: bool) -> Measured:
        """Compare the rows of a window with those of the reference.

        Args:
            base: (n_base, n_columns) rows of the reference.
            window: (n_window, n_columns) of the same columns, numbers with NaN for missing (a `tokens` column of lists
                for text).
            explain: Whether the p-value and the columns are wanted, too.
        """
