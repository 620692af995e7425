"""The parameters of a pipeline as a command line gives them."""

from typing import Any

from loopwright.core.codec import plain
from loopwright.errors import UsageError


def parameters_of(given: list[str]) -> dict[str, Any]:
    """`name=value` pairs; a value that is JSON is that, anything else is text.

    Raises:
        UsageError: A pair has no `=`.
    """
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} is not name=value", fix="Write --set trees=300, for example.")
        try:
            found[name] = plain(text)
        except ValueError:
            found[name] = text
    return found
