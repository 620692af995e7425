"""What a connection wants of the requests that it takes the short way, whoever answers them."""

import http
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from loopwright.web.hot_protocol import HotProtocol

_PHRASES = {status.value: status.phrase.encode() for status in http.HTTPStatus}


class NobodyWaits:
    """Stands for the event that uvicorn sets for whoever reads a request."""

    def set(self) -> None:
        """Nobody waits."""


class ShortCycle(Protocol):
    """One request on the short way; to its connection it looks like a cycle of uvicorn's. On one event loop.

    Attributes:
        body: What has come of it.
        queued: Whether it waits until an earlier request of its connection has been answered.
        out: The answer, or its end, where it is there before its turn.
        streaming: Whether the answer's head has been sent, so that `out` goes out as it is.
        response_complete, more_body, keep_alive, disconnected, message_event: As uvicorn's cycles have them.
    """

    message_event: NobodyWaits
    body: bytes
    queued: bool
    out: bytes | None
    streaming: bool
    response_complete: bool
    more_body: bool
    keep_alive: bool
    disconnected: bool

    def begin(self) -> None:
        """Work on it: it is whole. Must not raise or wait; what goes wrong is its answer."""

    def left(self) -> None:
        """The caller went away before the answer. Must not raise or wait."""


class ShortHead(ABC):
    """What the head of a request says.

    Attributes:
        headers: By lower-case name, the last of several of one name.
        length: Of the body, in bytes.
        most_bytes: A longer body goes the usual way.
    """

    __slots__ = ("headers", "length")
    most_bytes: int = 1 << 62

    def __init__(self, headers: Mapping[str, str], length: int) -> None:
        self.headers = headers
        self.length = length

    @abstractmethod
    def cycle(self, protocol: "HotProtocol", body: bytes, *, more_body: bool) -> ShortCycle:
        """A request with this head on a connection, and what has come of its body."""


def head_lines(status: int, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The head of an answer without the empty line that ends it, in the form that uvicorn gives to ours."""
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, _PHRASES.get(status, b""))]
    lines += [b"%b: %b\r\n" % header for header in headers]
    return b"".join(lines)


def message(status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """An answer of JSON as it goes out."""
    framed = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers)
    return b"%b\r\n%b" % (head_lines(status, framed), body)
