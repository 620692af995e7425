"""Callers who go away: what is done for them is cancelled, so that no upstream works for nobody."""

import asyncio
from types import TracebackType
from typing import Self

from loopwright.web.http import Receive

PATIENCE_S = 0.05
"""A call that is answered sooner is not watched: watching costs more than the rest of such a call could."""


class Leaving:
    """Cancels the block that it is entered for when the caller goes away; that then raises ConnectionAbortedError.

    Args:
        receive: Tells that the caller has gone; the body has been read.
        patience_s: Seconds until it is listened to.
    """

    def __init__(self, receive: Receive, *, patience_s: float = PATIENCE_S) -> None:
        self._receive = receive
        self._patience_s = patience_s
        self._gone = False
        self._watching: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._patience_s, self._watch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._gone and isinstance(error, asyncio.CancelledError) and self._task is not None:
            self._task.uncancel()
            raise ConnectionAbortedError from error

    def _watch(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task is not None:
            self._task.cancel()
