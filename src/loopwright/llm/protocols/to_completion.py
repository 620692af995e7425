"""A chat's stream, told as OpenAI's completions."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from loopwright.llm.ask import Outcome, Piece
from loopwright.llm.protocols.sse import event_of, parsed
from loopwright.llm.provider import StreamReader

_DECODER = msgspec.json.Decoder(dict[str, Any])


class CompletionTeller(StreamReader):
    """One stream: every event of the chat is one of the completion's, but for those that say what completions do not
    (thoughts, calls of tools, that the assistant speaks)."""

    def __init__(self, chat_reader: StreamReader) -> None:
        self._reader = chat_reader

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [told for piece in self._reader.feed(data) for told in _told(piece)]

    def end(self) -> Sequence[Piece]:
        return [told for piece in self._reader.end() for told in _told(piece)]

    def with_text(self, piece: Piece, text: str) -> bytes:
        if text == piece.text:
            return piece.event
        body = _DECODER.decode(parsed(piece.event).data)
        choice = body["choices"][0]
        choice["text"] = text
        return event_of(msgspec.json.encode(body)) if text or choice.get("finish_reason") else b""

    def stopped(self, reason: str) -> bytes:
        events = [block for block in self._reader.stopped(reason).split(b"\n\n") if block]
        return b"".join(told.event for block in events for told in _told(Piece(event=block + b"\n\n")))

    @property
    def outcome(self) -> Outcome:
        return self._reader.outcome


def _told(piece: Piece) -> Iterator[Piece]:
    data = parsed(piece.event).data
    if not data or data == b"[DONE]":
        yield piece
        return
    body = _DECODER.decode(data)
    choices = [_choice(choice) for choice in body.get("choices") or ()]
    if choices and (piece.aside or piece.tool or not (piece.text or choices[0]["finish_reason"])):
        return
    event = event_of(msgspec.json.encode({**body, "object": "text_completion", "choices": choices}))
    yield msgspec.structs.replace(piece, event=event)


def _choice(choice: dict[str, Any]) -> dict[str, Any]:
    text = (choice.get("delta") or {}).get("content")
    return {
        "index": choice.get("index", 0), "text": text if isinstance(text, str) else "", "logprobs": None,
        "finish_reason": choice.get("finish_reason"),
    }  # fmt: skip
