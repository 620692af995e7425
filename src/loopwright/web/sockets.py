"""Listening sockets, taken before anything else is started."""

import errno
import socket

from loopwright.errors import NoPermissionError, PortInUseError, UsageError

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        PortInUseError: Another program listens there.
        NoPermissionError: This user may not listen on that port.
        UsageError: The address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left to the kernel asyncio does not take it for TCP, and every answer of two writes waits 40 ms.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taken.bind((host, port))
        taken.listen(_BACKLOG)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(f"port {port} of {host} is taken", why="another program listens there") from error
        if error.errno == errno.EACCES:
            raise NoPermissionError(
                f"this user may not listen on port {port}", fix="Choose a port over 1023."
            ) from error
        raise UsageError(f"cannot listen on {host}:{port}", why=error.strerror or str(error)) from error
    taken.setblocking(False)
    return taken


def inherited(number: int) -> socket.socket:
    """A listening socket that the process was started with.

    All workers of a home share one: whoever is free takes the next connection, and what arrives while a worker is
    started again waits in the socket's queue instead of being refused.

    Raises:
        UsageError: The number is none of an open socket.
    """
    try:
        taken = socket.socket(fileno=number)
    except OSError as error:
        raise UsageError(f"{number} is no socket of this process", why=error.strerror or str(error)) from error
    taken.set_inheritable(False)
    taken.setblocking(False)
    return taken


def check_free(host: str, *ports: int) -> None:
    """Find out, before anything starts, whether all ports are free. Raises as `listen`."""
    for port in ports:
        if port:
            listen(host, port).close()
