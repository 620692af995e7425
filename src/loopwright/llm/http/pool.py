"""The pool: requests to any server, over connections that are kept. No redirects, no proxies, no packed answers."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.http.connection import Connection
from loopwright.llm.http.exchange import Exchange, Headers, header_of
from loopwright.llm.http.head import head_of
from loopwright.llm.http.lane import Lane
from loopwright.llm.http.origin import Origin, origin_of
from loopwright.llm.http.patience import HttpLimits, Patience
from loopwright.llm.http.stream import HttpStream
from loopwright.llm.provider import HttpAsk


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An answer that was read whole: its status, its headers as they came, its body."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """A header by its name in lower case; the first where it came several times."""
        return header_of(self.headers, name)


class HttpPool:
    """Makes requests. Lives on one event loop; `aclose` it there.

    A request over a kept connection that the server had closed meanwhile is sent once more, over a fresh one. A caller
    who is cancelled closes the connection, so that the server can stop.

    Args:
        limits: Connections and sizes.
        tls: Certificates that are trusted; those of this machine where None.
    """

    def __init__(self, *, limits: HttpLimits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._limits = limits or HttpLimits()
        self._tls = tls
        self._lanes: dict[tuple[str, int, bool], Lane] = {}
        self._routes: dict[str, tuple[Origin, Lane]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    async def fetch(self, url: str, ask: HttpAsk, *, patience: Patience) -> HttpAnswer:
        """Make a request and read its answer whole, whatever its status.

        Args:
            url: The base URL.
            ask: What is asked below it.
            patience: How long it may take.

        Raises:
            UpstreamError: There was no whole answer; `cause` in its context is one of `exchange.Cause`.
            UsageError: The URL or a header cannot be sent.
        """
        exchange, _ = await self._asked(url, ask, patience=patience, whole=True)
        if exchange.failure is not None:
            raise exchange.failure
        return HttpAnswer(status=exchange.status, headers=exchange.headers, body=exchange.take())

    async def open(self, url: str, ask: HttpAsk, *, patience: Patience) -> HttpStream:
        """Make a request and return when the head of its answer is there; the body is read from the stream.

        Args, Raises: as `fetch`.
        """
        exchange, connection = await self._asked(url, ask, patience=patience, whole=False)
        if exchange.failure is not None and not exchange.headed:
            raise exchange.failure
        return HttpStream(exchange, connection)

    @property
    def connections(self) -> dict[str, int]:
        """How many there are, by server."""
        return {lane.origin.label: lane.size for lane in self._lanes.values() if lane.size}

    async def aclose(self) -> None:
        """Close every connection; what is under way fails."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for lane in self._lanes.values():
            lane.close()
        self._routes.clear()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _asked(self, url: str, ask: HttpAsk, *, patience: Patience, whole: bool) -> tuple[Exchange, Connection]:
        origin, lane = self._routes.get(url) or self._route(url)
        head = head_of(origin, ask)
        connection = lane.spare()
        kept = connection is not None
        if connection is None:
            connection = await lane.fresh(patience)
        exchange = connection.send(head, ask.body, patience=patience, whole=whole)
        await connection.answered(exchange)
        if kept and exchange.stale:
            connection = await lane.fresh(patience)
            exchange = connection.send(head, ask.body, patience=patience, whole=whole)
            await connection.answered(exchange)
        return exchange, connection

    def _route(self, url: str) -> tuple[Origin, Lane]:
        if self._closed:
            raise UpstreamError("the connections to upstreams are closed", why="the process is ending", cause="closed")
        origin = origin_of(url)
        key = (origin.host, origin.port, origin.tls)
        if key not in self._lanes:
            if origin.tls and self._tls is None:
                self._tls = ssl.create_default_context()
            self._lanes[key] = Lane(origin, limits=self._limits, tls=self._tls)
        route = self._routes[url] = (origin, self._lanes[key])
        if self._sweeper is None:
            self._sweep()
        return route

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for lane in self._lanes.values():
            lane.sweep(loop.time())
        self._sweeper = loop.call_later(self._limits.idle_s / 2, self._sweep)
