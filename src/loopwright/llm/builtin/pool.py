"""Connections to upstreams, and beside them what is answered in this process: the built-in model, packages' own."""

from typing import cast

from loopwright.llm.builtin.answering import answered
from loopwright.llm.builtin.local_calls import LocalCalls, LocalPieces
from loopwright.llm.http.connection import Connection
from loopwright.llm.http.exchange import Exchange
from loopwright.llm.http.patience import Patience
from loopwright.llm.http.pool import HttpAnswer, HttpPool
from loopwright.llm.http.stream import HttpStream
from loopwright.llm.local_scheme import BUILTIN, local_scheme
from loopwright.llm.local_upstream import LocalAnswer
from loopwright.llm.provider import HttpAsk


class UpstreamPool(HttpPool):
    """As `HttpPool`, with the upstreams of this process beside the network's."""

    _local: LocalCalls | None = None

    async def fetch(self, url: str, ask: HttpAsk, *, patience: Patience) -> HttpAnswer:
        """Make a request and read its answer whole; see `HttpPool.fetch`."""
        scheme = local_scheme(url)
        if not scheme:
            return await super().fetch(url, ask, patience=patience)
        found = answered(ask) if scheme == BUILTIN else await self._calls.whole(url, ask, patience)
        return HttpAnswer(status=found.status, headers=_headers(found), body=found.body)

    async def open(self, url: str, ask: HttpAsk, *, patience: Patience) -> HttpStream:
        """Make a request whose answer is read part by part; see `HttpPool.open`."""
        scheme = local_scheme(url)
        if not scheme:
            return await super().open(url, ask, patience=patience)
        if scheme == BUILTIN:
            return _stream(answered(ask), _Nobody())
        return _stream(*await self._calls.opened(url, ask, patience))

    async def aclose(self) -> None:
        """Close every connection and give up local calls; what is under way fails."""
        if self._local is not None:
            self._local.close()
        await super().aclose()

    @property
    def _calls(self) -> LocalCalls:
        if self._local is None:
            self._local = LocalCalls()
        return self._local


class _Nobody:
    """What a stream reads from where all of it is there already."""

    label = "builtin"

    async def more(self, exchange: Exchange) -> bytes:
        """What is left; empty at the end."""
        return exchange.take()

    def leave(self, exchange: Exchange) -> None:
        """Nothing is held."""


def _stream(found: LocalAnswer, reader: _Nobody | LocalPieces) -> HttpStream:
    exchange = Exchange(whole=False)
    exchange.status, exchange.headers = found.status, _headers(found)
    exchange.chunks, exchange.size = ([found.body], len(found.body)) if found.body else ([], 0)
    exchange.begun = exchange.headed = True
    exchange.complete = found.pieces is None
    return HttpStream(exchange, cast("Connection", reader))


def _headers(found: LocalAnswer) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", found.media_type)]
