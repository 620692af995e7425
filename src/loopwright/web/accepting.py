"""Taking connections from the socket that all workers of a home share.

Callers keep connections alive, so whoever takes a connection has its requests for good. A worker that took all that
wait, as servers usually do, would leave the others idle; one that has connections already therefore waits a moment
before it takes more, the longer the more it has, and whoever has fewest comes first.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable

_PAUSE_S = 0.1
_STEP = 4
_STEP_S = 0.001
_MOST_STEPS = 8
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REFUSAL = b'{"code":"LW502","what":"too many connections are open","fix":"Send the request again in a second."}'
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
)


class Acceptor:
    """Accepts on one listening socket for one event loop; what uvicorn takes for one of its servers.

    Args:
        door: Listens; not blocking.
        protocol: Makes the protocol of one connection.
        tls: How connections are encrypted; None: they are not.
        open_now: How many connections are open.
        most: How many may be.
        shared: Whether other processes accept on the same socket.
    """

    def __init__(
        self,
        door: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        *,
        tls: ssl.SSLContext | None,
        open_now: Callable[[], int],
        most: int,
        shared: bool,
    ) -> None:
        self._door = door
        self._protocol = protocol
        self._tls = tls
        self._open_now = open_now
        self._most = most
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._listening = False
        self._closed = False
        self._listen()

    def close(self) -> None:
        """Take no more connections; those that wait are another worker's, or the next one's."""
        self._pause()
        self._closed = True

    async def wait_closed(self) -> None:
        """Wait for connections that are being set up."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _listen(self) -> None:
        if not self._closed and not self._listening:
            self._listening = True
            self._loop.add_reader(self._door.fileno(), self._someone_waits)

    def _pause(self) -> None:
        if self._listening:
            self._listening = False
            self._loop.remove_reader(self._door.fileno())

    def _someone_waits(self) -> None:
        held = self._open_now() + len(self._opening)
        if not self._shared or held == 0:
            self._take(1)
            return
        self._pause()
        self._loop.call_later(min(-(-held // _STEP), _MOST_STEPS) * _STEP_S, self._take_late, 1 + held // _STEP)

    def _take_late(self, count: int) -> None:
        if not self._closed:
            self._listen()
            self._take(count)

    def _take(self, count: int) -> None:
        """Accept connections while there are any, `count` at most."""
        try:
            for _ in range(count):
                connection, _ = self._door.accept()
                self._took(connection)
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._pause()  # they wait in the queue until this process has room
            self._loop.call_later(_PAUSE_S, self._listen)

    def _took(self, connection: socket.socket) -> None:
        if self._open_now() + len(self._opening) >= self._most:
            _turn_away(connection, encrypted=self._tls is not None)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls)
        except (OSError, ssl.SSLError):
            connection.close()


def _turn_away(connection: socket.socket, *, encrypted: bool) -> None:
    with contextlib.suppress(OSError), connection:
        connection.setblocking(False)
        if not encrypted:
            connection.send(_FULL)
