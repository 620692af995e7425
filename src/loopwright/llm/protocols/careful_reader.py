"""A stream's reader that answers for its upstream: whatever came, what goes wrong is the upstream's error."""

from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Outcome, Piece
from loopwright.llm.provider import StreamReader

ACCIDENTS = (
    AttributeError, TypeError, LookupError, ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError,
)  # fmt: skip
"""What reading valid JSON raises that is not shaped as its protocol has it."""


class CarefulReader(StreamReader):
    """Around any reader: values of odd types are an UpstreamError, and never an accident in whoever reads.

    Args:
        reader: Reads the stream.
    """

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader

    @property
    def texts(self) -> bool:
        """The reader's own; see `StreamReader`."""
        return self._reader.texts

    @texts.setter
    def texts(self, value: bool) -> None:
        self._reader.texts = value

    def feed(self, data: bytes) -> Sequence[Piece]:
        try:
            return self._reader.feed(data)
        except ACCIDENTS as error:
            raise malformed(error) from None

    def end(self) -> Sequence[Piece]:
        try:
            return self._reader.end()
        except ACCIDENTS as error:
            raise malformed(error) from None

    def with_text(self, piece: Piece, text: str) -> bytes:
        try:
            return self._reader.with_text(piece, text)
        except ACCIDENTS as error:
            raise malformed(error) from None

    def stopped(self, reason: str) -> bytes:
        try:
            return self._reader.stopped(reason)
        except ACCIDENTS as error:
            raise malformed(error) from None

    @property
    def outcome(self) -> Outcome:
        """What is known; a name or a reason that is no text is not known."""
        try:
            found = self._reader.outcome
        except ACCIDENTS:
            return Outcome()
        return Outcome(usage=found.usage, finish=_text(found.finish), model=_text(found.model), id=_text(found.id))


def malformed(error: Exception) -> UpstreamError:
    """The upstream's error for an accident in reading what it sent. It tells the kind of accident alone: its message
    may quote the answer, so it is not chained either."""
    return UpstreamError(
        "the upstream's answer is not as its protocol has it",
        why=f"a field is missing or of another type ({type(error).__name__})",
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
