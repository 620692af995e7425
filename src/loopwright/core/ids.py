"""New identifiers, passed in: 128 random bits behind a prefix that says what the thing is."""

import secrets
from collections.abc import Callable

IdSource = Callable[[str], str]
"""Takes a prefix such as `run`, returns a new id such as `run_9f…`."""


def random_id(prefix: str) -> str:
    """A fresh id with 128 random bits."""
    return f"{prefix}_{secrets.token_hex(16)}"
