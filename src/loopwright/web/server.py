"""uvicorn's server with our own way to take connections."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator

import uvicorn

from loopwright.web.accepting import Acceptor

_FILES_KEPT = 256
_LAST_ANSWER_S = 1.0
_LOOK_S = 0.02


class Server(uvicorn.Server):
    """Takes connections one by one, up to a limit, and leaves signals to the worker, which drains before it ends.

    Args:
        config: uvicorn's own.
        most_connections: Open connections at most; fewer where the process may not have so many files open.
        shared: Whether other processes accept on the same sockets.
    """

    def __init__(self, config: uvicorn.Config, *, most_connections: int, shared: bool = False) -> None:
        super().__init__(config)
        self._shared = shared
        self._most_connections = min(most_connections, max(1, _files_allowed() - _FILES_KEPT))
        self._ending: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; in place of uvicorn's own, which takes all connections that wait at once."""
        loop, config, state = asyncio.get_running_loop(), self.config, self.server_state

        def protocol() -> asyncio.Protocol:
            return config.http_protocol_class(config=config, server_state=state, app_state={}, _loop=loop)  # type: ignore[call-arg]

        def open_now() -> int:
            return len(state.connections)

        made = [
            Acceptor(
                door, protocol, tls=config.ssl, open_now=open_now, most=self._most_connections, shared=self._shared
            )
            for door in sockets or ()
        ]
        self.servers = made  # type: ignore[assignment]
        self.started = True

    def end_soon(self) -> None:
        """Begin to end: no more connections, every answer from now on its connection's last, then the end.

        A caller who keeps a connection alive may be sending a request on it at any moment; one that is told with its
        answer that the connection closes is not.
        """
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._let_go())

    async def _let_go(self) -> None:
        for door in getattr(self, "servers", ()):
            door.close()
        self.config.encoded_headers.append((b"connection", b"close"))
        state, patience_s = self.server_state, _LAST_ANSWER_S
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        while state.connections and patience_s > 0:
            await asyncio.sleep(_LOOK_S)
            patience_s -= _LOOK_S
        self.should_exit = True


def _files_allowed() -> int:
    """How many files this process may have open, after asking for as many as its user may have."""
    if sys.platform == "win32":
        return 1 << 16
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft if soft > 0 else 1 << 20
