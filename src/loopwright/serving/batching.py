"""The simplest adaptive micro-batch: what arrives while a batch runs forms the next one; a lone request never waits."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Batcher(Generic[T]):
    """Collects items and hands them over together on the event loop's next turn.

    A batch runs on the loop itself. While it runs, requests queue in their sockets; the turn after it reads them all,
    and they are the next batch. There is no timer: an item that arrives alone is handed over alone, at once.

    Args:
        run: Takes a batch; must not raise.
        most: Items in one batch at most; the rest go to the next turn, so that health checks get theirs.
    """

    def __init__(self, run: Callable[[list[T]], None], *, most: int = 256) -> None:
        self._run = run
        self._most = most
        self._waiting: list[T] = []
        self._scheduled = False

    def add(self, item: T) -> None:
        """Queue an item; called on the event loop."""
        self._waiting.append(item)
        self._schedule()

    def __len__(self) -> int:
        return len(self._waiting)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if self._waiting:
            self._schedule()
        if batch:
            self._run(batch)
