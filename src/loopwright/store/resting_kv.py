"""A key-value store that may be away: it is waited for once, and asked again behind everybody's back."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock, Thread
from typing import TypeVar

from loopwright.core.clock import Clock, Micros
from loopwright.errors import LoopwrightError, StoreBusyError
from loopwright.store.kv import KeyValues

FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0
_PROBE = "probe"
_T = TypeVar("_T")


class RestingKeyValues(KeyValues):
    """Around a store over a network. After a call that found it away, calls fail at once; once it has rested, a thread
    asks it, and calls are let through when it answers. So an outage costs its callers one time-out, however long.

    Args:
        inner: The store.
        machine: Rests go by its `monotonic()`.
    """

    def __init__(self, inner: KeyValues, *, machine: Clock) -> None:
        self._inner = inner
        self._machine = machine
        self._lock = Lock()
        self._away = False
        self._asking = False
        self._rest_s = FIRST_REST_S
        self._until = 0.0

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        return self._through(lambda: self._inner.get_many(keys))

    def keys(self, prefix: str) -> list[str]:
        return self._through(lambda: self._inner.keys(prefix))

    def put_many(self, items: Mapping[str, bytes], *, expires_at: Micros | None = None) -> None:
        self._through(lambda: self._inner.put_many(items, expires_at=expires_at))

    def delete_many(self, keys: Sequence[str]) -> int:
        return self._through(lambda: self._inner.delete_many(keys))

    def add_if(self, key: str, delta: int, limit: int, *, expires_at: Micros | None = None) -> int | None:
        return self._through(lambda: self._inner.add_if(key, delta, limit, expires_at=expires_at))

    def compare_and_set(
        self, key: str, expected: bytes | None, new: bytes, *, expires_at: Micros | None = None
    ) -> bool:
        return self._through(lambda: self._inner.compare_and_set(key, expected, new, expires_at=expires_at))

    def _through(self, call: Callable[[], _T]) -> _T:
        if self._away:
            self._ask_again()
            raise StoreBusyError("the shared store is away", why="a call before found it so", fix="See that it runs.")
        try:
            return call()
        except StoreBusyError:
            self._rest()
            raise

    def _rest(self) -> None:
        with self._lock:
            if not self._away:
                self._away = True
                self._until = self._machine.monotonic() + self._rest_s

    def _ask_again(self) -> None:
        """Let a thread ask the store, if it has rested and none is asking."""
        with self._lock:
            if self._asking or not self._away or self._machine.monotonic() < self._until:
                return
            self._asking = True
        Thread(target=self._probe, name="shared-store", daemon=True).start()

    def _probe(self) -> None:
        try:
            self._inner.get_many([_PROBE])
            answers = True
        except LoopwrightError:
            answers = False
        with self._lock:
            self._asking = False
            self._away = not answers
            self._rest_s = FIRST_REST_S if answers else min(LONGEST_REST_S, 2 * self._rest_s)
            self._until = self._machine.monotonic() + self._rest_s
