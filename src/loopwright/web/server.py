"""uvicorn's server with our own way to take connections."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator

import uvicorn

from loopwright.web.accepting import Acceptor

_FILES_KEPT = 256


class Server(uvicorn.Server):
    """Takes connections one by one, up to a limit, and leaves signals to the worker, which drains before it ends.

    Args:
        config: uvicorn's own.
        most_connections: Open connections at most; fewer where the process may not have so many files open.
    """

    def __init__(self, config: uvicorn.Config, *, most_connections: int) -> None:
        super().__init__(config)
        self._most_connections = min(most_connections, max(1, _files_allowed() - _FILES_KEPT))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; in place of uvicorn's own, which takes all connections that wait at once."""
        loop, config, state = asyncio.get_running_loop(), self.config, self.server_state

        def protocol() -> asyncio.Protocol:
            return config.http_protocol_class(config=config, server_state=state, app_state={}, _loop=loop)  # type: ignore[call-arg]

        def full() -> bool:
            return len(state.connections) >= self._most_connections

        made = [Acceptor(door, protocol, tls=config.ssl, full=full) for door in sockets or ()]
        self.servers = made  # type: ignore[assignment]
        self.started = True


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
