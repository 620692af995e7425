"""Rules on text: do people write of other things than they did?"""

from typing import Literal

from loopwright.errors import UsageError
from loopwright.monitoring.rules.row_window import RowWindowRule, check_windows
from loopwright.monitoring.rules.rule import check_severity

Grams = Literal["words", "characters"]
GRAMS: tuple[Grams, ...] = ("words", "characters")


class TextDriftRule(RowWindowRule, frozen=True, kw_only=True, tag="text_drift"):
    """Watch a column of texts; see `RowWindowRule` for what else there is to set.

    Attributes:
        column: Its name.
        grams: What a text is taken apart into: `words` (and pairs of them), or `characters` (runs of three to five)
            for scripts without spaces.
    """

    column: str
    grams: Grams = "words"

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"text_drift({self.column})"


def text_drift(
    column: str,
    *,
    grams: str = "words",
    window: str = "1d",
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float | None = None,
    severity: str = "warning",
    owner: str | None = None,
) -> TextDriftRule:
    """Watch a column of texts; see `TextDriftRule`.

    Raises:
        UsageError: No column is named, there are no such grams, or a figure cannot hold.
    """
    if not isinstance(column, str) or not column:
        raise UsageError("text_drift() needs the name of one column of texts")
    rows, length = check_windows(
        "text_drift",
        window=window,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
    )
    return TextDriftRule(
        column=column,
        grams=_check_grams(grams),
        rows=rows,
        window_us=length,
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        least_effect=least_effect,
        severity=check_severity(severity),
        owner=owner,
    )


def _check_grams(grams: str) -> Grams:
    for known in GRAMS:
        if known == grams:
            return known
    raise UsageError(f"{grams!r} is nothing that a text is taken apart into", fix=f"Write one of {', '.join(GRAMS)}.")
