"""Key-value pairs in memory, for tests."""

from collections.abc import Mapping, Sequence
from threading import Lock

from loopwright.core.clock import Clock, Micros
from loopwright.store.backends.sqlite_kv import counter
from loopwright.store.kv import KeyValues


class MemoryKeyValues(KeyValues):
    """Pairs of this process."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._pairs: dict[str, tuple[bytes, Micros | None]] = {}
        self._lock = Lock()

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        with self._lock:
            found = {key: self._current(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def keys(self, prefix: str) -> list[str]:
        with self._lock:
            return sorted(key for key in self._pairs if key.startswith(prefix) and self._current(key) is not None)

    def put_many(self, items: Mapping[str, bytes], *, expires_at: Micros | None = None) -> None:
        with self._lock:
            self._pairs.update({key: (value, expires_at) for key, value in items.items()})

    def delete_many(self, keys: Sequence[str]) -> int:
        with self._lock:
            there = [key for key in dict.fromkeys(keys) if self._current(key) is not None]
            for key in keys:
                self._pairs.pop(key, None)
        return len(there)

    def add_if(self, key: str, delta: int, limit: int, *, expires_at: Micros | None = None) -> int | None:
        with self._lock:
            total = counter(key, self._current(key)) + delta
            if total > limit:
                return None
            self._pairs[key] = (str(total).encode(), expires_at)
        return total

    def compare_and_set(
        self, key: str, expected: bytes | None, new: bytes, *, expires_at: Micros | None = None
    ) -> bool:
        with self._lock:
            if self._current(key) != expected:
                return False
            self._pairs[key] = (new, expires_at)
        return True

    def _current(self, key: str) -> bytes | None:
        value, expires_at = self._pairs.get(key, (None, None))
        return None if expires_at is not None and expires_at <= self._clock.now() else value
