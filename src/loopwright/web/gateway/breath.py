"""Signs of life of a stream that is silent, so that nothing between it and its reader takes it for dead."""

import asyncio
from types import TracebackType
from typing import Self

from loopwright.web.http import Send

EVERY_S = 15.0
_COMMENT = b": waiting\n\n"


class Breath:
    """Sends a comment, which readers of events pass over, where nothing was sent for a while; used with `with`.

    Args:
        send: Takes it; only whole events are sent beside.
        every_s: Seconds after which it is looked; a comment comes after one to two times as many.

    Attributes:
        spoken: Set by whoever sends an event.
    """

    def __init__(self, send: Send, *, every_s: float = EVERY_S) -> None:
        self._send = send
        self._every_s = every_s
        self._saying: asyncio.Task[None] | None = None
        self.spoken = True

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._every_s, self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._saying is not None:
            self._saying.cancel()

    def _look(self) -> None:
        if not self.spoken and (self._saying is None or self._saying.done()):
            self._saying = self._loop.create_task(self._say())
        self.spoken = False
        self._timer = self._loop.call_later(self._every_s, self._look)

    async def _say(self) -> None:
        await self._send({"type": "http.response.body", "body": _COMMENT, "more_body": True})
