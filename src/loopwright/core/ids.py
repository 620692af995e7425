"""New identifiers, passed in: 128 random bits behind a prefix that says what the thing is."""

import secrets
from collections.abc import Callable, Iterator

IdSource = Callable[[str], str]
"""Takes a prefix such as `run`, returns a new id such as `run_9f…`."""


def random_id(prefix: str) -> str:
    """A fresh id with 128 random bits."""
    return f"{prefix}_{secrets.token_hex(16)}"


class IdPool:
    """Ids as `random_id` makes them, from random bits that are drawn for many at a time. For one thread of a process
    that does not fork."""

    _DRAWN = 256

    def __init__(self) -> None:
        self._texts: Iterator[str] = iter(())

    def __call__(self, prefix: str) -> str:
        """A fresh id with 128 random bits."""
        text = next(self._texts, None)
        if text is None:
            drawn = secrets.token_hex(16 * self._DRAWN)
            self._texts = iter([drawn[at : at + 32] for at in range(0, len(drawn), 32)])
            text = next(self._texts)
        return f"{prefix}_{text}"
