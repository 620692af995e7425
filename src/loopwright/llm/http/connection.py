"""One connection to a server: sends a request, parses its answer, watches its deadlines.

The deadline is a number that moves with every part of an answer; one timer looks at it when it is first due, and goes
to sleep again where it has moved. A call that is answered in time costs no timer.
"""

import asyncio
import math
from typing import Protocol

import httptools

from loopwright.llm.http.exchange import Cause, Exchange, failed
from loopwright.llm.http.patience import HttpLimits, Patience

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_FRAMING_LENGTHS = frozenset(map(len, _FRAMING))


class Keeper(Protocol):
    """Who is told what becomes of a connection."""

    def free(self, connection: "Connection") -> None:
        """Its answer is whole and it can take another request."""

    def lost(self, connection: "Connection") -> None:
        """It is gone."""


class Connection(asyncio.Protocol):
    """A connection; one request at a time. Lives on one event loop.

    Args:
        label: The server, as messages name it.
        limits: What it takes.
        keeper: Told when it is free or gone.

    Attributes:
        label: The same.
        idle_since: When it became free, in the loop's seconds.
    """

    __slots__ = (
        "_between_s", "_deadline", "_endless", "_exchange", "_framed", "_head_bytes", "_keeper", "_last", "_limits",
        "_loop", "_parser", "_paused", "_raw_bytes", "_timer", "_transport", "_until", "_waited", "idle_since", "label",
    )  # fmt: skip

    def __init__(self, label: str, *, limits: HttpLimits, keeper: Keeper) -> None:
        self.label = label
        self._limits = limits
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = self._until = math.inf
        self._between_s = 0.0
        self._waited: tuple[str, float] = ("", 0.0)
        self._head_bytes = self._raw_bytes = 0
        self._last = self._endless = self._framed = self._paused = False
        self.idle_since = 0.0

    @property
    def usable(self) -> bool:
        """Whether it is there and free."""
        return self._transport is not None and self._exchange is None and not self._transport.is_closing()

    def send(self, head: bytes, body: bytes, *, patience: Patience, whole: bool) -> Exchange:
        """Send a request; its answer comes into the exchange."""
        assert self._transport is not None
        exchange = self._exchange = Exchange(whole=whole)
        self._head_bytes = self._raw_bytes = 0
        self._framed = False
        self._between_s, self._until = patience.between_s, patience.until
        self._watch(patience.first_s, "nothing came for")
        self._transport.write(head + body)
        return exchange

    async def answered(self, exchange: Exchange) -> None:
        """Wait for the answer: all of it, or its head where it is read in parts; or for its failure.

        A reader who is cancelled closes the connection.
        """
        try:
            while not (exchange.complete or exchange.failure is not None or (exchange.headed and not exchange.whole)):
                await exchange.changed(self._loop)
        except asyncio.CancelledError:
            self.leave(exchange)
            raise

    async def more(self, exchange: Exchange) -> bytes:
        """Further bytes of the body; empty at its end.

        Raises:
            UpstreamError: There will be no more, and the end has not come.
        """
        try:
            while not (exchange.chunks or exchange.complete or exchange.failure is not None):
                await exchange.changed(self._loop)
        except asyncio.CancelledError:
            self.leave(exchange)
            raise
        if exchange.chunks:
            if self._paused and self._exchange is exchange:
                self._resume()
            return exchange.take()
        if exchange.failure is not None:
            raise exchange.failure
        return b""

    def leave(self, exchange: Exchange) -> None:
        """Nobody waits for the rest of this answer: close the connection, unless the answer is whole already."""
        if self._exchange is exchange:
            self.drop()

    def drop(self) -> None:
        """Close it at once, whatever is under way: the server sees that its answer is not wanted."""
        self._exchange = None
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            self.drop()
            return
        exchange.begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("malformed", "it wants to speak another protocol")
            return
        except httptools.HttpParserError as error:
            if not exchange.complete:
                self._fail("malformed", str(error))
                return
            self._last = True
        if exchange.complete:
            self._finish(exchange)
            return
        if not exchange.headed:
            self._raw_bytes += len(data)
            self._head_within(self._raw_bytes)
        elif exchange.size > self._limits.buffer_bytes and not exchange.whole and not self._paused:
            self._pause()

    def eof_received(self) -> bool:
        if self._exchange is not None and self._endless:
            self._exchange.complete = self._last = True
            self._finish(self._exchange)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._exchange is not None:
            self._fail("closed", str(exc) if exc is not None else "the server closed it")
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._keeper.lost(self)

    # -- httptools ----------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        exchange = self._exchange
        if exchange is None or exchange.complete:
            self._last = True

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.complete:
            return
        exchange.headers.append((name, value))
        if len(name) in _FRAMING_LENGTHS and name.lower() in _FRAMING:
            self._framed = True
        self._head_bytes += len(name) + len(value)
        self._head_within(self._head_bytes)

    def on_headers_complete(self) -> None:
        exchange, status = self._exchange, self._parser.get_status_code()
        if exchange is None or exchange.complete or status < 200:
            return
        exchange.status = status
        exchange.headed = True
        self._last = not self._parser.should_keep_alive()
        self._endless = not self._framed and status not in {204, 304}
        if not exchange.whole:
            exchange.wake()

    def on_body(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None or exchange.complete:
            return
        exchange.chunks.append(data)
        exchange.size += len(data)
        self._watch(self._between_s, "no more came for")
        if not exchange.whole:
            exchange.wake()
        elif exchange.size > self._limits.body_bytes:
            self._fail("too_large", f"its body has more than {self._limits.body_bytes} bytes")

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if exchange.headed:
            exchange.complete = True
        else:
            exchange.headers.clear()
            self._head_bytes = 0
            self._framed = False

    # -- ends ---------------------------------------------------------------------------------------------------

    def _finish(self, exchange: Exchange) -> None:
        self._exchange = None
        self._deadline = math.inf
        exchange.wake()
        transport = self._transport
        if transport is None:
            return
        if self._last:
            transport.abort()
            return
        if self._paused:
            self._paused = False
            transport.resume_reading()
        self.idle_since = self._loop.time()
        self._keeper.free(self)

    def _fail(self, cause: Cause, why: str) -> None:
        exchange = self._exchange
        if exchange is None or exchange.failure is not None:
            return
        exchange.failure = failed(self.label, cause, why)
        self._exchange = None
        exchange.wake()
        if self._transport is not None:
            self._transport.abort()

    def _head_within(self, size: int) -> None:
        if size > self._limits.head_bytes:
            self._fail("too_large", f"its head has more than {self._limits.head_bytes} bytes")

    def _pause(self) -> None:
        if self._transport is not None:
            self._paused = True
            self._deadline = self._until
            self._transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()
            self._watch(self._between_s, "no more came for")

    # -- deadlines ----------------------------------------------------------------------------------------------

    def _watch(self, seconds: float, why: str) -> None:
        deadline = self._deadline = min(self._loop.time() + seconds, self._until)
        self._waited = (why, seconds)
        timer = self._timer
        if timer is not None and timer.when() > deadline:
            timer.cancel()
            timer = None
        if timer is None and deadline < math.inf:
            self._timer = self._loop.call_at(deadline, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._deadline > self._loop.time():
            if self._deadline < math.inf:
                self._timer = self._loop.call_at(self._deadline, self._due)
            return
        why, seconds = self._waited
        over = self._deadline >= self._until
        self._fail("timeout", "the whole call's time is over" if over else f"{why} {seconds:g} s")
