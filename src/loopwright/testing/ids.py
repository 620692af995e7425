"""Ids that count."""

from itertools import count
from threading import Lock


class CountingIds:
    """An `IdSource` for tests: `run_0…1`, `run_0…2`, with one count for each prefix and the form of real ids."""

    def __init__(self) -> None:
        self._counts: dict[str, count[int]] = {}
        self._lock = Lock()

    def __call__(self, prefix: str) -> str:
        with self._lock:
            number = next(self._counts.setdefault(prefix, count(1)))
        return f"{prefix}_{number:032x}"
