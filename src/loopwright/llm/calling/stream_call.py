"""An answer that streams, as the gateway reads it."""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Outcome, Piece
from loopwright.llm.calling.asker import Opened
from loopwright.llm.calling.attempt import Attempt
from loopwright.llm.provider import StreamReader
from loopwright.llm.route import Upstream


class StreamCall:
    """A stream whose first piece is there. Iterate it, within `async with` or with `aclose` at the end.

    What fails after the first piece is raised from the iteration, as an UpstreamError with what came before it given
    already; nothing is ever begun anew. Leaving it before its end closes the connection, so that the upstream stops.

    Args:
        opened: The stream.
        upstream: Who answers.
        attempts: Those until now, the one that answers among them.
        on_break: Told once where the upstream breaks off.

    Attributes:
        upstream: The same.
        attempts: The same.
    """

    def __init__(
        self, opened: Opened, *, upstream: Upstream, attempts: tuple[Attempt, ...], on_break: Callable[[], None]
    ) -> None:
        self.upstream = upstream
        self.attempts = attempts
        self._opened = opened
        self._pieces = deque(opened.pieces)
        self._on_break = on_break
        self._ended = self._left = False
        if opened.ended:
            self._leave()

    @property
    def reader(self) -> StreamReader:
        """Reads the upstream's bytes; says texts and ends in its protocol."""
        return self._opened.reader

    @property
    def outcome(self) -> Outcome:
        """What is known by now; usage is there at the end."""
        return self._opened.reader.outcome

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Piece:
        pieces = self._pieces
        while not pieces:
            if self._left:
                raise StopAsyncIteration
            await self._read()
        return pieces.popleft()

    async def aclose(self) -> None:
        """Be done with it; idempotent."""
        self._pieces.clear()
        self._leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _read(self) -> None:
        opened = self._opened
        try:
            data = await opened.stream.more()
            self._pieces.extend(opened.reader.feed(data) if data else opened.reader.end())
        except UpstreamError as error:
            self._leave()
            self._on_break()
            raise UpstreamError(
                f"the upstream {self.upstream.name!r} broke off its answer", why=f"{error.what}: {error.why}",
                upstream=self.upstream.name, attempts=len(self.attempts), cause=error.context.get("cause", "malformed"),
            ) from error  # fmt: skip
        except asyncio.CancelledError:
            self._leave()
            raise
        if not data:
            self._leave()

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._opened.stream.close()
            self._opened.health.leave()
