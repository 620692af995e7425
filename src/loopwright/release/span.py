"""Lengths of time, from what a person writes and to what a person reads."""

from loopwright.core.clock import SECOND, Micros, parse_duration
from loopwright.errors import UsageError


def duration(name: str, text: str) -> Micros:
    """Microseconds of a declared duration; `0s` is none.

    Raises:
        UsageError: It is no duration; the message names the argument.
    """
    if text == "0s":
        return 0
    try:
        return parse_duration(text)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{name}={text!r} is not a duration", fix="Write a duration such as 90s, 1h or 30d."
        ) from error


def in_words(length: Micros) -> str:
    """A length of time as `3.5 h`."""
    for unit, name in ((86_400 * SECOND, "d"), (3600 * SECOND, "h"), (60 * SECOND, "min")):
        if length >= unit:
            return f"{length / unit:.3g} {name}"
    return f"{length / SECOND:.3g} s"
