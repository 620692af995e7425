"""Answers that stream, as server-sent events whose bytes go out as they are."""

import contextlib
from collections.abc import Callable, Sequence

from loopwright.serving.applications.stream import GenerationStream
from loopwright.web.gateway.breath import Breath
from loopwright.web.gateway.headers import headers_of
from loopwright.web.gateway.leaving import Leaving
from loopwright.web.http import Receive, Send

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class StreamAnswer:
    """Sends a stream, and closes it when it ends or its reader goes away.

    Args:
        stream: Whose first piece is there.
        receive: Tells that the reader has gone; None where the server cancels `send` then.
        leave: Leaves the call's place among those under way; called once, at the end.
        headers: More headers.
    """

    def __init__(
        self,
        stream: GenerationStream,
        *,
        receive: Receive | None,
        leave: Callable[[], None],
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._stream = stream
        self._receive = receive
        self._leave = leave
        self._headers = headers

    async def send(self, send: Send) -> None:
        """Send all events. Raises ConnectionAbortedError where the reader went away."""
        try:
            with contextlib.nullcontext() if self._receive is None else Leaving(self._receive, patience_s=0.0):
                await self._send(send)
        finally:
            self._leave()
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        events = self._stream.events()
        async with contextlib.aclosing(self._stream), contextlib.aclosing(events):
            headers = [*_HEADERS, *headers_of(self._stream.course), *self._headers]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            with Breath(send) as breath:
                async for event in events:
                    breath.spoken = True
                    await send({"type": "http.response.body", "body": event, "more_body": True})
