"""Reads OpenAI's responses, whole and as they stream, and passes their events on as they came."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Outcome, Piece
from loopwright.llm.protocols.replies import finish_of
from loopwright.llm.protocols.response_texts import ResponseTexts
from loopwright.llm.protocols.sse import Event, SseParser, event_of, parsed
from loopwright.llm.protocols.usage import usage_of_response
from loopwright.llm.provider import StreamReader
from loopwright.llm.providers.decoding import cut_off, event_body, last_event
from loopwright.llm.providers.refusals import refusal_of

_NEWS = re.compile(rb"(?!event: response\.[a-z_]+\.(?:delta|added|done)\n)")
_TEXTS = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning_text",
    "response.reasoning_summary_text.delta": "summary_text",
}
_ASIDES = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_CALLS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_ENDS = ("response.completed", "response.incomplete")


class ResponseReader(StreamReader):
    """One stream. Events that repeat what was said say what was sent instead, once a text was changed."""

    def __init__(self, *, texts: bool = True) -> None:
        self.texts = texts
        self._parser = SseParser()
        self._response: dict[str, Any] = {}
        self._items: dict[int, Mapping[str, Any]] = {}
        self._texts = ResponseTexts()
        self._sequence = 0
        self._over = False

    def feed(self, data: bytes) -> Sequence[Piece]:
        blocks = self._parser.blocks(data)
        if self.texts:
            return [piece for block in blocks for piece in self._pieces(parsed(block))]
        for block in blocks:
            if _NEWS.match(block) is not None:
                self._pieces(parsed(block))
        return (Piece(event=b"".join(blocks)),) if blocks else ()

    def end(self) -> Sequence[Piece]:
        last = None if self._over else last_event(self._parser)
        pieces = list(self._pieces(last)) if last is not None else []
        if not self._over:
            raise cut_off("the response did not complete")
        return pieces

    def with_text(self, piece: Piece, text: str) -> bytes:
        return self._texts.saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        self._over = True
        words = {"length": "max_output_tokens"}
        response = {**self._response, "output": self._texts.output(self._items), "status": "incomplete"}
        response["incomplete_details"] = {"reason": words.get(reason, "content_filter")}
        self._response = response
        body = {"type": "response.incomplete", "sequence_number": self._sequence + 1, "response": response}
        return event_of(msgspec.json.encode(body), "response.incomplete")

    @property
    def outcome(self) -> Outcome:
        response = self._response
        return Outcome(
            usage=usage_of_response(response.get("usage")),
            finish=finish_of(response) if self._over else None,
            model=response.get("model"), id=response.get("id"),
        )  # fmt: skip

    def _pieces(self, event: Event) -> Sequence[Piece]:
        if not event.data or event.data == b"[DONE]":
            return (Piece(event=event.raw),)
        body = self._noted(event)
        kind = body.get("type")
        index = int(body.get("output_index") or 0)
        if kind in _TEXTS:
            return (Piece(event=event.raw, text=str(body.get("delta") or ""), choice=0, aside=kind in _ASIDES),)
        if kind in _CALLS:
            return (Piece(event=event.raw, tool=str(body.get("delta") or ""), call=index),)
        item = body.get("item")
        if kind == "response.output_item.added" and isinstance(item, Mapping):
            self._items[index] = item
            return (Piece(event=event.raw, tool=str(item.get("name") or ""), call=index),)
        return (Piece(event=event.raw, closes=kind in _ENDS or str(kind).endswith(".done")),)

    def _noted(self, event: Event) -> dict[str, Any]:
        body = event_body(event)
        kind = body.get("type")
        response = body.get("response")
        if kind == "response.failed":
            failed = response.get("error") if isinstance(response, dict) else None
            why = refusal_of(200, msgspec.json.encode(failed))
            raise UpstreamError("the upstream broke off its answer with an error", why=why)
        if isinstance(response, dict):
            self._response = response
        self._sequence = int(body.get("sequence_number") or self._sequence)
        self._over = self._over or kind in _ENDS
        return body
