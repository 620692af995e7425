"""The connections to one server: how many there are, which are free, and who waits for one."""

import asyncio
import ssl
from collections import deque
from contextlib import suppress

from loopwright.errors import UpstreamError
from loopwright.llm.http.connection import Connection
from loopwright.llm.http.exchange import failed
from loopwright.llm.http.origin import Origin
from loopwright.llm.http.patience import HttpLimits, Patience

_Waiter = asyncio.Future[Connection | None]


class Lane:
    """Connections to one server. Lives on one event loop.

    Args:
        origin: The server.
        limits: How many connections, and what they take.
        tls: Certificates that are trusted, where the server is spoken to in secret.
    """

    def __init__(self, origin: Origin, *, limits: HttpLimits, tls: ssl.SSLContext | None) -> None:
        self.origin = origin
        self._limits = limits
        self._tls = tls
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._opening = 0
        self._waiting: deque[_Waiter] = deque()

    @property
    def size(self) -> int:
        """Connections that are there or being made."""
        return len(self._all) + self._opening

    def spare(self) -> Connection | None:
        """A free connection, the one used last; None where there is none."""
        while self._free:
            connection = self._free.pop()
            if connection.usable:
                return connection
        return None

    async def fresh(self, patience: Patience) -> Connection:
        """A connection that nothing was sent over yet, or one that becomes free where no more may be made.

        Raises:
            UpstreamError: There is none in time.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(loop.time() + patience.connect_s, patience.until)):
                return await self._handed(loop) or await self._connect(loop)
        except TimeoutError as error:
            raise failed(self.origin.label, "connect", f"no connection in {patience.connect_s:g} s") from error

    def free(self, connection: Connection) -> None:
        """See `Keeper`."""
        if not self._hand(connection):
            self._free.append(connection)

    def lost(self, connection: Connection) -> None:
        """See `Keeper`."""
        self._all.discard(connection)
        with suppress(ValueError):
            self._free.remove(connection)
        self._hand(None)

    def sweep(self, now: float) -> None:
        """Close what has been free for too long."""
        for connection in [one for one in self._free if now - one.idle_since >= self._limits.idle_s]:
            self._free.remove(connection)
            connection.drop()

    def close(self) -> None:
        """Close all, at once."""
        for connection in list(self._all):
            connection.drop()

    def _hand(self, connection: Connection | None) -> bool:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    async def _handed(self, loop: asyncio.AbstractEventLoop) -> Connection | None:
        while self.size >= self._limits.connections:
            connection = await self._wait(loop)
            if connection is not None and connection.usable:
                return connection
        return None

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> Connection | None:
        waiter: _Waiter = loop.create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._give_back(waiter.result())
            raise

    def _give_back(self, connection: Connection | None) -> None:
        if connection is None or not connection.usable:
            self._hand(None)
        else:
            self.free(connection)

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> Connection:
        origin = self.origin
        self._opening += 1
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(origin.label, limits=self._limits, keeper=self),
                origin.host, origin.port, ssl=self._tls if origin.tls else None,
                server_hostname=origin.host if origin.tls else None,
            )  # fmt: skip
        except OSError as error:
            raise _unreachable(origin, error) from error
        finally:
            self._opening -= 1
            self._hand(None)
        self._all.add(connection)
        return connection


def _unreachable(origin: Origin, error: OSError) -> UpstreamError:
    why = error.strerror or str(error) or type(error).__name__
    return failed(origin.label, "connect", why)
