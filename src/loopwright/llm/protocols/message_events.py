"""Single events of a stream of Anthropic's messages."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.llm.ask import Piece, Usage
from loopwright.llm.protocols.said import STOP_REASONS
from loopwright.llm.protocols.sse import event_of, parsed
from loopwright.llm.protocols.usage import message_usage

_DECODER = msgspec.json.Decoder(dict[str, Any])
_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


def message_event(body: Mapping[str, Any]) -> bytes:
    """The event of this body, whose name is its type."""
    return event_of(msgspec.json.encode(body), str(body["type"]))


def piece_of(raw: bytes, body: Mapping[str, Any]) -> Piece:
    """An event as a piece.

    Args:
        raw: Its bytes.
        body: What it says.
    """
    kind, index = body.get("type"), int(body.get("index") or 0)
    if kind == "content_block_delta":
        delta = body.get("delta") or {}
        said = str(delta.get(_TEXTS.get(str(delta.get("type")), "")) or "")
        if delta.get("type") == "input_json_delta":
            return Piece(event=raw, tool=said, call=index)
        return Piece(event=raw, text=said, aside=delta.get("type") == "thinking_delta")
    if kind == "content_block_start":
        block = body.get("content_block") or {}
        name = str(block.get("name") or "")
        text = str(block.get("text") or block.get("thinking") or "")
        return Piece(event=raw, text=text, tool=name, call=index if name else 0, aside=bool(block.get("thinking")))
    return Piece(event=raw, closes=kind in ("content_block_stop", "message_delta", "message_stop"))


def saying(piece: Piece, text: str) -> bytes:
    """The piece's event with `text` in place of its own; empty where nothing is left to say."""
    if text == (piece.tool or piece.text):
        return piece.event
    body = _DECODER.decode(parsed(piece.event).data)
    if body["type"] == "content_block_start":
        block = body["content_block"]
        block["name" if piece.tool else "thinking" if piece.aside else "text"] = text
        return message_event(body)
    if not text:
        return b""
    body["delta"][_TEXTS[body["delta"]["type"]]] = text
    return message_event(body)


def ending(reason: str, usage: Usage | None) -> tuple[bytes, bytes]:
    """The events that end a message whose blocks are closed.

    Args:
        reason: In the words of chats.
        usage: Tokens, as far as they are known.
    """
    delta = {"stop_reason": STOP_REASONS.get(reason, "end_turn"), "stop_sequence": None}
    ended = {"type": "message_delta", "delta": delta, "usage": message_usage(usage or Usage())}
    return message_event(ended), message_event({"type": "message_stop"})
