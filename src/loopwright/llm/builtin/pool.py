"""Connections to upstreams, and the built-in model where an upstream's URL is `builtin:…`."""

from typing import cast

from loopwright.llm.builtin.answering import answered
from loopwright.llm.http.connection import Connection
from loopwright.llm.http.exchange import Exchange
from loopwright.llm.http.patience import Patience
from loopwright.llm.http.pool import HttpAnswer, HttpPool
from loopwright.llm.http.stream import HttpStream
from loopwright.llm.provider import HttpAsk
from loopwright.llm.route import BUILTIN


class UpstreamPool(HttpPool):
    """As `HttpPool`, with the built-in model beside the network."""

    async def fetch(self, url: str, ask: HttpAsk, *, patience: Patience) -> HttpAnswer:
        """Make a request and read its answer whole; see `HttpPool.fetch`."""
        if not url.startswith(BUILTIN):
            return await super().fetch(url, ask, patience=patience)
        found = answered(ask)
        return HttpAnswer(status=found.status, headers=[(b"content-type", found.media_type)], body=found.body)

    async def open(self, url: str, ask: HttpAsk, *, patience: Patience) -> HttpStream:
        """Make a request whose answer is read part by part; see `HttpPool.open`."""
        if not url.startswith(BUILTIN):
            return await super().open(url, ask, patience=patience)
        found = answered(ask)
        exchange = Exchange(whole=False)
        exchange.status, exchange.headers = found.status, [(b"content-type", found.media_type)]
        exchange.chunks, exchange.size = [found.body], len(found.body)
        exchange.begun = exchange.headed = exchange.complete = True
        return HttpStream(exchange, cast("Connection", _Nobody()))


class _Nobody:
    """What a stream reads from where all of it is there already."""

    label = "builtin"

    async def more(self, exchange: Exchange) -> bytes:
        """What is left; empty at the end."""
        return exchange.take()

    def leave(self, exchange: Exchange) -> None:
        """Nothing is held."""
