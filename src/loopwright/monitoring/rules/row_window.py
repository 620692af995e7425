"""What every rule has that compares windows of whole rows."""

import re

from loopwright.core.clock import SECOND, Micros, parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule

_WINDOW = re.compile(r"(?:([1-9][0-9]{0,8}) rows? in )?(\w+)")
_ROWS = 1_000
_LEAST_ROWS = 50
_MOST_ROWS = 20_000
_LEAST_WINDOW: Micros = 60 * SECOND


class RowWindowRule(MonitorRule, frozen=True, kw_only=True):
    """A rule that compares windows of rows with a sample of the reference's rows.

    Attributes:
        rows: Rows of each window: so many are drawn of a longer one, and a window that has fewer goes on until it has.
        window_us: Length of a window by event time, in microseconds.
        mean_time_between_false_alarms: Windows in the mean until an incident opens though nothing has changed.
        least_effect: The effect under which no incident opens, on the method's own scale; its default where None.
    """

    rows: int = _ROWS
    window_us: Micros = 86_400 * SECOND
    mean_time_between_false_alarms: int = 1_000
    least_effect: float | None = None

    @property
    def needs_rows(self) -> bool:
        """The bundle holds a sample of rows for this rule."""
        return True

    @property
    def period_us(self) -> Micros:
        """Looked at once a window."""
        return self.window_us


def check_windows(
    rule: str, *, window: str, mean_time_between_false_alarms: int, least_effect: float | None
) -> tuple[int, Micros]:
    """Rows and length of a window, as `1d` or `500 rows in 1d` says, where all of this can hold.

    Raises:
        UsageError: It cannot; the message names the rule and the argument.
    """
    told = _WINDOW.fullmatch(window) if isinstance(window, str) else None
    try:
        rows, length = int((told and told[1]) or _ROWS), parse_duration(told[2] if told else "")
    except ValueError as error:
        raise UsageError(
            f"{rule}(window={window!r}) is no window of rows", fix="Write 1d, or 500 rows in 1d, for example."
        ) from error
    wrong = {
        f"window={window!r}": length < _LEAST_WINDOW or not _LEAST_ROWS <= rows <= _MOST_ROWS,
        f"mean_time_between_false_alarms={mean_time_between_false_alarms}": mean_time_between_false_alarms < 2,
        f"least_effect={least_effect}": least_effect is not None and not 0 <= least_effect <= 1,
    }
    for said, is_wrong in wrong.items():
        if is_wrong:
            raise UsageError(
                f"{rule}({said}) cannot hold",
                why=f"a window has {_LEAST_ROWS} to {_MOST_ROWS} rows and lasts a minute or more, the mean time is two "
                "windows or more, and an effect lies in [0, 1]",
                fix="Correct the argument, or leave it out.",
            )
    return rows, length


def named_columns(rule: str, columns: object) -> tuple[str, ...] | None:
    """The columns as they were named: one, several, or None for all.

    Raises:
        UsageError: None are named in an empty list, or one is no text.
    """
    if columns is None:
        return None
    named = (columns,) if isinstance(columns, str) else tuple(columns) if isinstance(columns, list | tuple) else ()
    if not named or not all(isinstance(name, str) and name for name in named):
        raise UsageError(f"{rule}() was given no names of columns", fix="Name columns, or leave the argument out.")
    return named
