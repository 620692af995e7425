"""Rules on embeddings: has the cloud of points moved?"""

from collections.abc import Sequence

from loopwright.errors import UsageError
from loopwright.monitoring.rules.row_window import RowWindowRule, check_windows, named_columns
from loopwright.monitoring.rules.rows_drift import RowsMethod, check_method
from loopwright.monitoring.rules.rule import check_severity


class EmbeddingDriftRule(RowWindowRule, frozen=True, kw_only=True, tag="embedding_drift"):
    """Watch embeddings; see `RowWindowRule` for what else there is to set.

    Attributes:
        columns: One column of lists of numbers, or the numeric columns that make up the embedding.
        method: `mmd`, `classifier` or `pca`, as of `rows_drift`.
    """

    columns: tuple[str, ...]
    method: RowsMethod = "mmd"

    @property
    def name(self) -> str:
        """Stable within a loop."""
        first, last = self.columns[0], self.columns[-1]
        return f"embedding_drift({first if first == last else f'{first} … {last}'}, {self.method})"


def embedding_drift(
    columns: str | Sequence[str],
    *,
    method: str = "mmd",
    window: str = "1d",
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float | None = None,
    severity: str = "warning",
    owner: str | None = None,
) -> EmbeddingDriftRule:
    """Watch embeddings; see `EmbeddingDriftRule`.

    Raises:
        UsageError: There is no such method, no column is named, or a figure cannot hold.
    """
    named = named_columns("embedding_drift", columns)
    if named is None:
        raise UsageError("embedding_drift() needs the column or columns of the embedding")
    rows, length = check_windows(
        "embedding_drift",
        window=window,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
    )
    return EmbeddingDriftRule(
        columns=named,
        method=check_method(method),
        rows=rows,
        window_us=length,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
        severity=check_severity(severity),
        owner=owner,
    )
