"""One process of a kind on a home: whoever holds the lock is it, and the kernel lets go when the process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopwright.errors import UsageError


@contextmanager
def hold_alone(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file for as long as the block runs.

    Args:
        path: The file.
        what: The kind of process that holds it.

    Raises:
        UsageError: Another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"another {what} runs on this home",
                why=f"it holds {path}",
                fix="Stop the other `loopwright up` or `loopwright serve` first.",
            ) from error
        yield
