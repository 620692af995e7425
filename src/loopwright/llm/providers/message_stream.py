"""Reads streams of Anthropic's messages: passed on as they came, or told as chats."""

from collections.abc import Iterator, Sequence
from typing import Any

from loopwright.llm.ask import Outcome, Piece, Usage
from loopwright.llm.protocols.chat_events import DONE, ChatEvents, broken_off, told_usage
from loopwright.llm.protocols.chat_events import saying as chat_saying
from loopwright.llm.protocols.message_events import ending, message_event, piece_of, saying
from loopwright.llm.protocols.replies import stop_of
from loopwright.llm.protocols.sse import Event, SseParser, parsed
from loopwright.llm.protocols.usage import usage_of_message
from loopwright.llm.provider import StreamReader
from loopwright.llm.providers.decoding import cut_off, event_body, last_event

_DELTA = b"event: content_block_delta\n"


class _Course:
    """What is known of one message that streams."""

    def __init__(self) -> None:
        self.parser = SseParser()
        self.id: str | None = None
        self.model: str | None = None
        self.finish: str | None = None
        self.usage: dict[str, Any] = {}
        self.open: set[int] = set()
        self.begun = False
        self.over = False

    def bodies(self, data: bytes) -> Iterator[tuple[Event, dict[str, Any]]]:
        """The events that these bytes complete, with what they say; a comment says nothing."""
        for block in self.parser.blocks(data):
            event = parsed(block)
            yield event, self.noted(event)

    def last(self) -> Iterator[tuple[Event, dict[str, Any]]]:
        """The event that no empty line ended, if the message is not over. Raises UpstreamError: it was cut off."""
        event = None if self.over else last_event(self.parser)
        if event is not None:
            yield event, self.noted(event)
        if not self.over:
            raise cut_off("the message did not stop")

    def noted(self, event: Event) -> dict[str, Any]:
        if not event.data:
            return {}
        body = event_body(event)
        kind = body.get("type")
        if kind == "message_start":
            message = body.get("message") or {}
            self.begun = True
            self.id, self.model = message.get("id"), message.get("model")
            self._count(message.get("usage"))
        elif kind == "message_delta":
            self.finish = stop_of((body.get("delta") or {}).get("stop_reason")) or self.finish
            self._count(body.get("usage"))
        elif kind == "content_block_start":
            self.open.add(int(body.get("index") or 0))
        elif kind == "content_block_stop":
            self.open.discard(int(body.get("index") or 0))
        self.over = self.over or kind == "message_stop"
        return body

    @property
    def tokens(self) -> Usage | None:
        """By the upstream's count; None until it has said something."""
        return usage_of_message(self.usage)

    @property
    def outcome(self) -> Outcome:
        return Outcome(usage=self.tokens, finish=self.finish, model=self.model, id=self.id)

    def _count(self, usage: Any) -> None:
        """Counts are of the whole message until then; what a later event leaves out stays."""
        if isinstance(usage, dict):
            self.usage |= {name: value for name, value in usage.items() if value is not None}


class MessageReader(StreamReader):
    """One stream, for callers who speak Anthropic's protocol: events as they came."""

    def __init__(self, *, texts: bool = True) -> None:
        self.texts = texts
        self._course = _Course()

    def feed(self, data: bytes) -> Sequence[Piece]:
        if self.texts:
            return [_passed(event, body) for event, body in self._course.bodies(data)]
        blocks = self._course.parser.blocks(data)
        for block in blocks:
            if not block.startswith(_DELTA):
                self._course.noted(parsed(block))
        return (Piece(event=b"".join(blocks)),) if blocks else ()

    def end(self) -> Sequence[Piece]:
        return [_passed(event, body) for event, body in self._course.last()]

    def with_text(self, piece: Piece, text: str) -> bytes:
        return saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        course = self._course
        course.over, course.finish = True, reason
        stops = [message_event({"type": "content_block_stop", "index": index}) for index in sorted(course.open)]
        return b"".join([*stops, *ending(reason, course.tokens)])

    @property
    def outcome(self) -> Outcome:
        return self._course.outcome


class MessageAsChatReader(StreamReader):
    """One stream, told as a chat."""

    def __init__(self, *, tells_usage: bool) -> None:
        """Start reading.

        Args:
            tells_usage: Whether the caller asked for usage.
        """
        self._course = _Course()
        self._events = ChatEvents()
        self._tells_usage = tells_usage
        self._named: set[int] = set()
        self._argued: set[int] = set()
        self._stopped = False

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [piece for event, body in self._course.bodies(data) for piece in self._told(event, body)]

    def end(self) -> Sequence[Piece]:
        if self._stopped:
            return ()
        pieces = [piece for event, body in self._course.last() for piece in self._told(event, body)]
        usage = self._course.tokens
        if self._tells_usage and usage is not None:
            pieces.append(Piece(event=told_usage(self._events.head, usage)))
        return [*pieces, Piece(event=DONE)]

    def with_text(self, piece: Piece, text: str) -> bytes:
        return chat_saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        self._stopped = True
        self._course.finish = reason
        return broken_off(self._events.head, [0], reason, usage=self._course.tokens if self._tells_usage else None)

    @property
    def outcome(self) -> Outcome:
        return self._course.outcome

    def _told(self, event: Event, body: dict[str, Any]) -> Iterator[Piece]:
        kind = body.get("type")
        index = int(body.get("index") or 0)
        if kind == "message_start":
            yield self._events.begin(self._course.id or "", self._course.model or "")
        elif kind in ("content_block_start", "content_block_delta"):
            yield from self._block(piece_of(event.raw, body), body, index)
        elif kind == "content_block_stop" and index in self._named and index not in self._argued:
            yield self._events.arguments("{}")
        elif kind == "message_delta" and (body.get("delta") or {}).get("stop_reason"):
            yield self._events.finish(self._course.finish or "stop")

    def _block(self, piece: Piece, body: dict[str, Any], index: int) -> Iterator[Piece]:
        if body.get("type") == "content_block_start":
            block = body.get("content_block") or {}
            if block.get("type") == "tool_use":
                self._named.add(index)
                yield self._events.call(str(block.get("id") or ""), piece.tool)
                return
        if piece.tool:
            self._argued.add(index)
            yield self._events.arguments(piece.tool)
        elif piece.text:
            yield self._events.aside(piece.text) if piece.aside else self._events.text(piece.text)


def _passed(event: Event, body: dict[str, Any]) -> Piece:
    return piece_of(event.raw, body) if body else Piece(event=event.raw)
