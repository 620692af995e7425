"""Reads Gemini's streams and tells them as chats."""

from collections.abc import Iterator, Sequence

from loopwright.llm.ask import Outcome, Piece, Usage
from loopwright.llm.protocols.chat_events import DONE, ChatEvents, broken_off, saying, told_usage
from loopwright.llm.protocols.sse import Event, SseParser, parsed
from loopwright.llm.provider import StreamReader
from loopwright.llm.providers.decoding import cut_off, event_body, last_event
from loopwright.llm.providers.gemini_answers import extra_of, finish_in, parts_of, usage_in


class GeminiReader(StreamReader):
    """One stream. It has no mark at its end; one that gave no reason to end was cut off."""

    def __init__(self, *, tells_usage: bool) -> None:
        """Start reading.

        Args:
            tells_usage: Whether the caller asked for usage.
        """
        self._parser = SseParser()
        self._events = ChatEvents()
        self._tells_usage = tells_usage
        self._begun = False
        self._finish: str | None = None
        self._usage: Usage | None = None
        self._stopped = False

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [piece for block in self._parser.blocks(data) for piece in self._told(parsed(block))]

    def end(self) -> Sequence[Piece]:
        if self._stopped:
            return ()
        last = last_event(self._parser)
        pieces = list(self._told(last)) if last is not None else []
        if self._finish is None:
            raise cut_off("it gave no finish reason")
        pieces.append(self._events.finish(self._finish))
        if self._tells_usage and self._usage is not None:
            pieces.append(Piece(event=told_usage(self._events.head, self._usage)))
        return [*pieces, Piece(event=DONE)]

    def with_text(self, piece: Piece, text: str) -> bytes:
        return saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        self._stopped = True
        self._finish = reason
        return broken_off(self._events.head, [0], reason, usage=self._usage if self._tells_usage else None)

    @property
    def outcome(self) -> Outcome:
        head = self._events.head
        return Outcome(usage=self._usage, finish=self._finish, model=head["model"] or None, id=head["id"] or None)

    def _told(self, event: Event) -> Iterator[Piece]:
        if not event.data:
            yield Piece(event=event.raw)
            return
        body = event_body(event)
        self._usage = usage_in(body) or self._usage
        if not self._begun:
            self._begun = True
            yield self._events.begin(str(body.get("responseId") or ""), str(body.get("modelVersion") or ""))
        for part in parts_of(body):
            if part.name:
                yield self._events.call(part.id, part.name, extra=extra_of(part))
                yield self._events.arguments(part.arguments)
            elif part.text:
                yield self._events.aside(part.text) if part.thought else self._events.text(part.text)
        self._finish = finish_in(body, called=self._events.calls > 0) or self._finish
