"""A chat's stream, told as Anthropic's messages."""

from collections.abc import Iterator, Sequence
from typing import Any

from loopwright.llm.ask import Ask, Outcome, Piece, Usage
from loopwright.llm.protocols.message_events import ending, message_event, piece_of, saying
from loopwright.llm.protocols.steps import call_step
from loopwright.llm.protocols.usage import message_usage
from loopwright.llm.provider import StreamReader


class MessageTeller(StreamReader):
    """One stream. Blocks follow one another; tokens of the request are told at the end, where chats tell them."""

    def __init__(self, ask: Ask, chat_reader: StreamReader) -> None:
        """Start telling.

        Args:
            ask: The message.
            chat_reader: Reads the chat, with texts in its pieces.
        """
        self._ask = ask
        self._reader = chat_reader
        self._begun = False
        self._open: tuple[str, int] | None = None
        self._calls: dict[int, int] = {}
        self._blocks = 0
        self._finish: str | None = None

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [told for piece in self._reader.feed(data) for told in self._told(piece)]

    def end(self) -> Sequence[Piece]:
        if self._finish is not None:
            return ()
        pieces = [told for piece in self._reader.end() for told in self._told(piece)]
        pieces += [*self._beginning(), *self._closing()]
        outcome = self._reader.outcome
        self._finish = outcome.finish or "stop"
        return [*pieces, *(Piece(event=event, closes=True) for event in ending(self._finish, outcome.usage))]

    def with_text(self, piece: Piece, text: str) -> bytes:
        return saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        self._finish = reason
        self._reader.stopped(reason)
        pieces = [*self._beginning(), *self._closing()]
        return b"".join([*(piece.event for piece in pieces), *ending(reason, self._reader.outcome.usage)])

    @property
    def outcome(self) -> Outcome:
        return self._reader.outcome

    def _told(self, piece: Piece) -> Iterator[Piece]:
        if piece.event.startswith(b":"):
            yield Piece(event=piece.event)
            return
        if piece.choice or not (piece.text or piece.tool):
            return
        yield from self._beginning()
        if piece.tool:
            yield from self._called(piece)
            return
        kind, name = ("thinking", "thinking") if piece.aside else ("text", "text")
        if self._open is None or self._open[0] != kind:
            empty = {"type": kind, name: ""} | ({"signature": ""} if piece.aside else {})
            yield from self._opening(kind, empty)
        yield self._delta(self._blocks - 1, {"type": f"{kind}_delta", name: piece.text})

    def _called(self, piece: Piece) -> Iterator[Piece]:
        step = call_step(piece)
        if step.name:
            id_ = step.id or f"toolu_{self._reader.outcome.id or ''}_{piece.call}"
            yield from self._opening("tool", {"type": "tool_use", "id": id_, "name": step.name, "input": {}})
            self._calls[piece.call] = self._blocks - 1
        else:
            index = self._calls.get(piece.call, max(0, self._blocks - 1))
            yield self._delta(index, {"type": "input_json_delta", "partial_json": step.arguments})

    def _beginning(self) -> Iterator[Piece]:
        if self._begun:
            return
        self._begun = True
        outcome = self._reader.outcome
        message: dict[str, Any] = {
            "id": outcome.id or "msg", "type": "message", "role": "assistant", "content": [],
            "model": outcome.model or str(self._ask.body.get("model") or ""), "stop_reason": None,
            "stop_sequence": None, "usage": message_usage(Usage()),
        }  # fmt: skip
        yield Piece(event=message_event({"type": "message_start", "message": message}))

    def _opening(self, kind: str, block: dict[str, Any]) -> Iterator[Piece]:
        yield from self._closing()
        self._open = (kind, self._blocks)
        self._blocks += 1
        body = {"type": "content_block_start", "index": self._open[1], "content_block": block}
        yield piece_of(message_event(body), body)

    def _closing(self) -> Iterator[Piece]:
        if self._open is not None:
            body = {"type": "content_block_stop", "index": self._open[1]}
            self._open = None
            yield piece_of(message_event(body), body)

    def _delta(self, index: int, delta: dict[str, Any]) -> Piece:
        body = {"type": "content_block_delta", "index": index, "delta": delta}
        return piece_of(message_event(body), body)
