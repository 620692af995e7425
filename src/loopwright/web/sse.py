"""Server-Sent Events: one answer, event by event, for as long as its reader stays.

Source: the WHATWG HTML standard, section 9.2 (server-sent events).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from loopwright.core.codec import to_json
from loopwright.web.errors import as_known
from loopwright.web.http import Receive, Send

EVENT_STREAM = "text/event-stream"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_BREATH_S = 15.0
_LOG = logging.getLogger("loopwright.inference")
Events = AsyncIterator[Mapping[str, Any]]


class EventStream:
    """Sends what an iterator yields, each at once; the iterator is closed when the reader goes away.

    What fails before the first event is an ordinary error answer. What fails later is an event named `error`.

    Args:
        events: Begins the iterator.
        request_id: Under which feedback about the answer may come back; it is in a header and in the last event.
        receive: Tells that the reader has gone.
        room: Holds a place among the requests under way.
    """

    def __init__(
        self,
        events: Callable[[], Events],
        *,
        request_id: str,
        receive: Receive,
        room: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._request_id = request_id
        self._events = events
        self._receive = receive
        self._room = room

    async def send(self, send: Send) -> None:
        """Send all events.

        Raises:
            LoopwrightError: The iterator failed before its first event; nothing has been sent.
            ConnectionAbortedError: The reader went away.
        """
        with self._room():
            events = self._events()
            gone = asyncio.ensure_future(self._until_gone())
            try:
                first = await _next_or_gone(events, gone, None)
                await send({"type": "http.response.start", "status": 200, "headers": self._headers()})
                await self._pump(send, events, gone, event=first)
                await send({"type": "http.response.body", "body": b""})
            finally:
                gone.cancel()
                await _close(events)

    async def _pump(
        self, send: Send, events: Events, gone: "asyncio.Future[None]", *, event: Mapping[str, Any] | None
    ) -> None:
        number = 0
        while event is not None:
            number += 1
            await _say(send, b"id: %d\ndata: %b\n\n" % (number, to_json(event)))
            try:
                event = await _next_or_gone(events, gone, send)
            except ConnectionAbortedError:
                raise
            except Exception as error:  # noqa: BLE001 - boundary: one stream; the error is its last event
                known = as_known(error)
                if known is not error:
                    _LOG.error("a stream failed", exc_info=error)
                said = to_json({"code": known.code, "what": known.what, "why": known.why, "fix": known.fix})
                await _say(send, b"event: error\ndata: %b\n\n" % said)
                return
        await _say(send, b"event: done\ndata: %b\n\n" % to_json({"request_id": self._request_id}))

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [*_HEADERS, (b"x-request-id", self._request_id.encode("latin-1", "replace"))]

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _next_or_gone(events: Events, gone: "asyncio.Future[None]", send: Send | None) -> Mapping[str, Any] | None:
    """The next event; None at the end. While one waits for it, proxies are shown that the connection lives."""
    following = asyncio.ensure_future(anext(events, None))
    try:
        while not following.done():
            await asyncio.wait((following, gone), timeout=_BREATH_S, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                raise ConnectionAbortedError
            if send is not None and not following.done():
                await _say(send, b": waiting\n\n")
        return following.result()
    finally:
        if not following.done():
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await following


async def _close(events: Events) -> None:
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
