"""Reads OpenAI's responses, whole and as they stream, and passes their events on as they came."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Outcome, Piece, Reply
from loopwright.llm.protocols.sse import Event, SseParser, event_of, parsed
from loopwright.llm.protocols.usage import usage_of_response
from loopwright.llm.provider import StreamReader
from loopwright.llm.providers.decoding import cut_off, event_body, last_event, objects
from loopwright.llm.providers.refusals import refusal_of

_DECODER = msgspec.json.Decoder(dict[str, Any])
_TEXTS = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning_text",
    "response.reasoning_summary_text.delta": "summary_text",
}
_ASIDES = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
_CALLS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_TOOL_ITEMS = ("function_call", "custom_tool_call")
_ENDS = ("response.completed", "response.incomplete")
_WORDS = {"max_output_tokens": "length", "content_filter": "content_filter"}


def response_reply(body: bytes, data: Mapping[str, Any]) -> Reply:
    """The answer that a response's body gives.

    Args:
        body: The bytes.
        data: The same, decoded.

    Raises:
        UpstreamError: It failed, or has no output.
    """
    if data.get("status") == "failed" or not isinstance(data.get("output"), list):
        raise UpstreamError("the upstream's answer has no output", why="the response failed or is malformed")
    items = objects(data["output"])
    parts = [part for item in items if item.get("type") == "message" for part in objects(item.get("content"))]
    calls = [item for item in items if item.get("type") in _TOOL_ITEMS]
    return Reply(
        body=body,
        text="".join(str(part.get("text") or part.get("refusal") or "") for part in parts),
        tool_calls=tuple(
            {"name": str(call.get("name", "")), "arguments": str(call.get("arguments", call.get("input", "")))}
            for call in calls
        ),
        usage=usage_of_response(data.get("usage")),
        finish=finish_of(data),
        model=str(data.get("model") or "") or None,
        id=str(data.get("id") or "") or None,
    )


def finish_of(response: Mapping[str, Any]) -> str:
    """Why a response ended, in the words of chats."""
    if response.get("status") == "incomplete":
        details = response.get("incomplete_details")
        return _WORDS.get(str(details.get("reason")) if isinstance(details, Mapping) else "", "length")
    called = any(item.get("type") in _TOOL_ITEMS for item in objects(response.get("output")))
    return "tool_calls" if called else "stop"


class ResponseReader(StreamReader):
    """One stream. Events that repeat what was said say what was sent instead, once a text was changed."""

    def __init__(self) -> None:
        self._parser = SseParser()
        self._response: dict[str, Any] = {}
        self._said: dict[tuple[int, int], str] = {}
        self._changed = False
        self._sequence = 0
        self._over = False

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [piece for block in self._parser.blocks(data) for piece in self._pieces(parsed(block))]

    def end(self) -> Sequence[Piece]:
        last = None if self._over else last_event(self._parser)
        pieces = list(self._pieces(last)) if last is not None else []
        if not self._over:
            raise cut_off("the response did not complete")
        return pieces

    def with_text(self, piece: Piece, text: str) -> bytes:
        if not piece.text and not piece.tool:
            return self._repeated(piece.event) if self._changed else piece.event
        event = parsed(piece.event)
        body = _DECODER.decode(event.data)
        if "item" in body:
            body["item"]["name"] = text
            return piece.event if text == piece.tool else event_of(msgspec.json.encode(body), event.name)
        place = _place(body)
        self._said[place] = self._said.get(place, "") + text
        if text == (piece.text or piece.tool):
            return piece.event
        self._changed = True
        if not text:
            return b""
        body["delta"] = text
        if "logprobs" in body:
            body["logprobs"] = []
        return event_of(msgspec.json.encode(body), event.name)

    def stopped(self, reason: str) -> bytes:
        self._over = True
        words = {"length": "max_output_tokens"}
        response = {**self._response, "output": [], "status": "incomplete"}
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
        index = body.get("output_index") or 0
        if kind in _TEXTS:
            return (Piece(event=event.raw, text=str(body.get("delta") or ""), choice=0, aside=kind in _ASIDES),)
        if kind in _CALLS:
            return (Piece(event=event.raw, tool=str(body.get("delta") or ""), call=index),)
        item = body.get("item")
        if kind == "response.output_item.added" and isinstance(item, Mapping) and item.get("name"):
            return (Piece(event=event.raw, tool=str(item["name"]), call=index),)
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

    def _repeated(self, raw: bytes) -> bytes:
        """An event that says again what was said, with what was really sent."""
        event = parsed(raw)
        if not event.data or event.data == b"[DONE]":
            return raw
        body = _DECODER.decode(event.data)
        _resay(body, self._said)
        return event_of(msgspec.json.encode(body), event.name)


def _place(body: Mapping[str, Any]) -> tuple[int, int]:
    """Where a text stands: the item of the output, and the part of it from 0 on; a call's arguments have the part -1,
    the parts of a summary -2 and below."""
    index = int(body.get("output_index") or 0)
    if body.get("summary_index") is not None:
        return index, -2 - int(body["summary_index"])
    return index, int(body["content_index"]) if body.get("content_index") is not None else -1


def _resay(body: dict[str, Any], said: Mapping[tuple[int, int], str]) -> None:
    """Put what was sent in place of every text that a closing event repeats."""
    index = int(body.get("output_index") or 0)
    for name in ("text", "refusal", "arguments", "input"):
        if isinstance(body.get(name), str):
            body[name] = said.get(_place(body), "")
    if isinstance(body.get("part"), dict):
        _resay_part(body["part"], said.get(_place(body), ""))
    if isinstance(body.get("item"), dict):
        _resay_item(body["item"], index, said)
    response = body.get("response")
    for number, item in enumerate(response.get("output") or () if isinstance(response, Mapping) else ()):
        _resay_item(item, number, said)


def _resay_item(item: dict[str, Any], index: int, said: Mapping[tuple[int, int], str]) -> None:
    for name in ("arguments", "input"):
        if isinstance(item.get(name), str):
            item[name] = said.get((index, -1), "")
    for number, part in enumerate(objects(item.get("content"))):
        _resay_part(part, said.get((index, number), ""))
    for number, part in enumerate(objects(item.get("summary"))):
        _resay_part(part, said.get((index, -2 - number), ""))


def _resay_part(part: dict[str, Any], text: str) -> None:
    part["refusal" if part.get("type") == "refusal" else "text"] = text
    for name in ("annotations", "logprobs"):
        if name in part:
            part[name] = []
