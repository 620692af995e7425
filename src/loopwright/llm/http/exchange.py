"""One request on a connection, and what has come back of its answer."""

import asyncio
from typing import Literal

from loopwright.errors import UpstreamError

Cause = Literal["connect", "timeout", "closed", "malformed", "too_large"]
"""Why there is no answer: no connection, no time left, the connection ended in mid-answer, no HTTP, too much of it."""
Headers = list[tuple[bytes, bytes]]


def failed(label: str, cause: Cause, why: str) -> UpstreamError:
    """What is raised where a server gives no whole answer; `cause` stands in its context."""
    what = {
        "connect": "cannot be reached",
        "timeout": "did not answer in time",
        "closed": "ended the connection before its answer was whole",
        "malformed": "sent what is no HTTP answer",
        "too_large": "sent more than is taken",
    }
    return UpstreamError(f"{label} {what[cause]}", why=why, cause=cause)


class Exchange:
    """State that a connection fills and a reader waits on. Lives on one event loop.

    Attributes:
        status: HTTP's, once the head is there.
        headers: As they came: names as the server wrote them.
        chunks: Of the body, not yet read.
        size: Bytes in `chunks`.
        begun: Whether anything of an answer has come.
        headed: Whether the head is there.
        complete: Whether the answer is whole.
        failure: Why there will be none; what came before it stands.
        whole: Whether the reader wants the answer as one; else it is woken by its head and by each part.
    """

    __slots__ = (
        "_waiter", "begun", "chunks", "complete", "failure", "headed", "headers", "size", "status", "whole",
    )  # fmt: skip

    def __init__(self, *, whole: bool) -> None:
        self.status = 0
        self.headers: Headers = []
        self.chunks: list[bytes] = []
        self.size = 0
        self.begun = self.headed = self.complete = False
        self.failure: UpstreamError | None = None
        self.whole = whole
        self._waiter: asyncio.Future[None] | None = None

    @property
    def stale(self) -> bool:
        """Whether the connection was closed before anything came: it may have been so before the request was sent."""
        return self.failure is not None and not self.begun and self.failure.context.get("cause") == "closed"

    def wake(self) -> None:
        """Let the reader look again."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def changed(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until something has come."""
        self._waiter = loop.create_future()
        await self._waiter

    def take(self) -> bytes:
        """The bytes that have not been read yet."""
        chunks = self.chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.size = 0
        return data

    def header(self, name: str) -> str | None:
        """A header of the answer; the first where it came several times."""
        return header_of(self.headers, name)


def header_of(headers: Headers, name: str) -> str | None:
    """A header by its name in lower case; the first where it came several times."""
    wanted = name.encode("latin-1")
    return next((value.decode("latin-1") for key, value in headers if key.lower() == wanted), None)
