"""An answer whose body is read part by part."""

from collections.abc import AsyncIterator

from loopwright.llm.http.connection import Connection
from loopwright.llm.http.exchange import Exchange, failed


class HttpStream:
    """The answer to a request; its head is there. `close` it, or read it to its end.

    Iterating gives the body's bytes as they come, and raises an UpstreamError where they end before their end.
    """

    __slots__ = ("_connection", "_exchange")

    def __init__(self, exchange: Exchange, connection: Connection) -> None:
        self._exchange = exchange
        self._connection = connection

    @property
    def status(self) -> int:
        """HTTP's."""
        return self._exchange.status

    def header(self, name: str) -> str | None:
        """A header by its name in lower case; the first where it came several times."""
        return self._exchange.header(name)

    async def more(self) -> bytes:
        """Further bytes; empty at the end. Raises UpstreamError."""
        return await self._connection.more(self._exchange)

    async def read(self, most: int) -> bytes:
        """The whole body.

        Raises:
            UpstreamError: It is cut off, or has more than `most` bytes.
        """
        parts: list[bytes] = []
        left = most
        async for part in self:
            left -= len(part)
            if left < 0:
                self.close()
                raise failed(self._connection.label, "too_large", f"its body has more than {most} bytes")
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        """Stop: where the answer is not whole the connection is closed, so that the server stops too."""
        self._connection.leave(self._exchange)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self._connection.more(self._exchange):
            yield part
