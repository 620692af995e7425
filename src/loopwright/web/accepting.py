"""Taking connections from the socket that all workers of a home share.

One connection a turn of the loop: a worker that took all that wait, as servers usually do, would keep them for good,
since callers keep connections alive, and leave the other workers idle. Taken one by one, whoever is free comes next.
"""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable

_PAUSE_S = 0.1
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
        full: Whether no more connections are taken now.
    """

    def __init__(
        self,
        door: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        *,
        tls: ssl.SSLContext | None,
        full: Callable[[], bool],
    ) -> None:
        self._door = door
        self._protocol = protocol
        self._tls = tls
        self._full = full
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._closed = False
        self._listen()

    def close(self) -> None:
        """Take no more connections; those that wait are another worker's, or the next one's."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._door.fileno())

    async def wait_closed(self) -> None:
        """Wait for connections that are being set up."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._door.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._door.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._loop.remove_reader(self._door.fileno())  # they wait in the queue until this process has room
            self._loop.call_later(_PAUSE_S, self._listen)
            return
        if self._full():
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
