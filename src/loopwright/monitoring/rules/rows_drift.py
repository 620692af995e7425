"""Rules on whole rows: have the columns moved together, though no single one shows it?"""

from collections.abc import Sequence
from typing import Literal

from loopwright.errors import UsageError
from loopwright.monitoring.rules.row_window import RowWindowRule, check_windows, named_columns
from loopwright.monitoring.rules.rule import check_severity

RowsMethod = Literal["classifier", "pca", "mmd"]
METHODS: tuple[RowsMethod, ...] = ("classifier", "pca", "mmd")


class RowsDriftRule(RowWindowRule, frozen=True, kw_only=True, tag="rows_drift"):
    """Watch whole rows of features; see `RowWindowRule` for what else there is to set.

    Attributes:
        method: `classifier` (boosted trees, sees any change), `pca` (reconstruction error, sees a changed linear
            dependence) or `mmd` (kernel distance of the clouds of points).
        columns: Feature names; all features when None. `pca` and `mmd` then leave categories out, whose codes have no
            distances.
    """

    method: RowsMethod = "classifier"
    columns: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"rows_drift({', '.join((self.method, *(self.columns or ())))})"


def rows_drift(
    columns: Sequence[str] | None = None,
    *,
    method: str = "classifier",
    window: str = "1d",
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float | None = None,
    severity: str = "warning",
    owner: str | None = None,
) -> RowsDriftRule:
    """Watch whole rows; see `RowsDriftRule`.

    Raises:
        UsageError: There is no such method, no column is named, or a figure cannot hold.
    """
    rows, length = check_windows(
        "rows_drift",
        window=window,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
    )
    return RowsDriftRule(
        method=check_method(method),
        columns=named_columns("rows_drift", columns),
        rows=rows,
        window_us=length,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
        severity=check_severity(severity),
        owner=owner,
    )


def check_method(method: str) -> RowsMethod:
    """The method as it may be declared.

    Raises:
        UsageError: There is none of that name.
    """
    for known in METHODS:
        if known == method:
            return known
    raise UsageError(f"{method!r} is no method to compare rows by", fix=f"Write one of {', '.join(METHODS)}.")
