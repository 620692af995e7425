"""`--from` and `--to`: a day or an instant, in UTC."""

from datetime import datetime
from typing import Annotated

import typer

from loopwright.core.clock import SECOND, Micros, micros
from loopwright.errors import UsageError

From = Annotated[
    str | None, typer.Option("--from", help="The first day or instant, as 2026-01-31 or 2026-01-31T06:00; UTC.")
]
To = Annotated[str | None, typer.Option("--to", help="The last day, or the instant that is no longer in; UTC.")]
_DAY = 86_400 * SECOND
_DATE_LETTERS = 10


def begin_of(text: str | None) -> Micros | None:
    """The instant at which a period begins; None where nothing was said."""
    return None if text is None else _instant("--from", text)


def end_of(text: str | None) -> Micros | None:
    """The instant at which a period ends, half-open: a day is in whole."""
    if text is None:
        return None
    return _instant("--to", text) + (_DAY if len(text) <= _DATE_LETTERS else 0)


def period(begin: str | None, end: str | None) -> tuple[Micros | None, Micros | None]:
    """Both.

    Raises:
        UsageError: A text is no day or instant, or the end does not come after the beginning.
    """
    since, until = begin_of(begin), end_of(end)
    if since is not None and until is not None and until <= since:
        raise UsageError(f"--to {end} does not come after --from {begin}", fix="Swap them.")
    return since, until


def _instant(option: str, text: str) -> Micros:
    try:
        return micros(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option} {text} is no day and no instant", why=str(error), fix="Write 2026-01-31 or 2026-01-31T06:00."
        ) from error
