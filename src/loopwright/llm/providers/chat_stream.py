"""Reads streams of OpenAI's chats and completions and passes their events on as they came."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Outcome, Piece, Usage
from loopwright.llm.protocols.chat_events import (
    ASIDE,
    CALLS,
    CONTENT,
    DONE,
    SOUND,
    broken_off,
    saying,
    transcript_of,
)
from loopwright.llm.protocols.replies import objects
from loopwright.llm.protocols.sse import Event, SseParser, blocks_of, event_of, parsed
from loopwright.llm.protocols.usage import usage_of_chat
from loopwright.llm.provider import StreamReader
from loopwright.llm.providers.decoding import cut_off, event_body, last_event

_USED = re.compile(rb'"usage"\s*:\s*\{')
_ENDED = re.compile(rb'"finish_reason"\s*:\s*"')
_NEWS = (b'"error"', b"[DONE]", b"event:")
_RARE = (*_NEWS, b'"tool_calls"', b'"function_call"', b'"reasoning', b'"refusal"', b'"audio"', b"\ndata:")


class _Delta(msgspec.Struct, frozen=True, gc=False):
    content: str = ""


class _Choice(msgspec.Struct, frozen=True, gc=False):
    index: int = 0
    delta: _Delta = _Delta()
    text: str = ""


class _Chunk(msgspec.Struct, frozen=True, gc=False):
    choices: list[_Choice]


_PLAIN = msgspec.json.Decoder(_Chunk)


class ChatReader(StreamReader):
    """One stream.

    Without texts, events that hold no news (no usage, no reason to end, no error) are passed on undecoded, several at a
    time. With them every piece is one text, one aside, or one step of one tool call: an event that says more is split.
    """

    def __init__(self, ask: Ask, *, texts: bool = True) -> None:
        """Start reading.

        Args:
            ask: The call, of a chat or a completion.
            texts: Whether pieces say what they add; off, they hold bytes alone.
        """
        options = ask.body.get("stream_options") or {}
        self.texts = texts
        self._plain = ask.operation == "completion"
        self._tells_usage = bool(options.get("include_usage"))
        self._parser = SseParser()
        self._head: dict[str, Any] = {}
        self._open: set[int] = set()
        self._finish: str | None = None
        self._usage: Usage | None = None
        self._done = False
        self._stopped = False

    def feed(self, data: bytes) -> Sequence[Piece]:
        if self.texts or not self._head or self._done:
            return [piece for block in self._parser.blocks(data) for piece in self._plainly(block)]
        whole = self._parser.whole(data)
        if not whole:
            return ()
        if not _is_news(whole):
            return (Piece(event=whole),)
        return [piece for block in blocks_of(whole) for piece in self._pieces(parsed(block))]

    def end(self) -> Sequence[Piece]:
        if self._stopped:
            return ()
        last = None if self._done else last_event(self._parser)
        pieces = list(self._pieces(last)) if last is not None else []
        if not self._done and (self._finish is None or self._open):
            raise cut_off("it gave no finish reason")
        return [*pieces, Piece(event=DONE)]

    def with_text(self, piece: Piece, text: str) -> bytes:
        return saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        self._stopped = True
        self._finish = reason
        usage = self._usage if self._tells_usage else None
        events = broken_off(self._head, sorted(self._open or {0}), reason, usage=usage, plain=self._plain)
        self._open.clear()
        return events

    @property
    def outcome(self) -> Outcome:
        return Outcome(
            usage=self._usage, finish=self._finish, model=self._head.get("model"), id=self._head.get("id")
        )  # fmt: skip

    def _plainly(self, block: bytes) -> Sequence[Piece]:
        """An event's pieces; one that says a further text and nothing else, as nearly all do, is read in one step."""
        if not self._head or self._done or not block.startswith(b"data: ") or _is_news(block, _RARE):
            return self._pieces(parsed(block))
        try:
            (choice,) = _PLAIN.decode(block[6:]).choices
            text = choice.text if self._plain else choice.delta.content
        except (msgspec.MsgspecError, ValueError, UnicodeDecodeError):
            return self._pieces(parsed(block))
        self._open.add(choice.index)
        return (Piece(event=block, text=text, choice=choice.index),)

    def _pieces(self, event: Event) -> Sequence[Piece]:
        if not event.data:
            return (Piece(event=event.raw),)
        if event.data == b"[DONE]":
            self._done = True
            return ()
        if self._done:
            return ()
        body = _body(event)
        self._note(body)
        choices = body.get("choices") or []
        if not choices and self._usage is not None and body.get("usage") and not self._tells_usage:
            return ()
        if not self.texts:
            return (Piece(event=event.raw),)
        return _split(event.raw, body, choices)

    def _note(self, body: dict[str, Any]) -> None:
        if not self._head.get("id"):
            named = ("id", "object", "created", "model")
            self._head = {name: body[name] for name in named if name in body}
        elif body.get("model") and not self._head.get("model"):
            self._head["model"] = body["model"]
        for choice in body.get("choices") or ():
            index = int(choice.get("index") or 0)
            if choice.get("finish_reason"):
                self._finish = choice["finish_reason"]
                self._open.discard(index)
            else:
                self._open.add(index)
        usage = usage_of_chat(body.get("usage"))
        if usage is not None:
            self._usage = usage


def _is_news(events: bytes, words: Sequence[bytes] = _NEWS) -> bool:
    """Whether the events may hold more than a further piece of the answer; texts about such things do as well."""
    return (
        any(word in events for word in words)
        or _ENDED.search(events) is not None
        or _USED.search(events) is not None
    )  # fmt: skip


def _body(event: Event) -> dict[str, Any]:
    """The decoded event. Raises UpstreamError."""
    body = event_body(event)
    choices = body.get("choices")
    if not isinstance(choices, list | None) or not all(isinstance(choice, dict) for choice in choices or ()):
        raise UpstreamError("the upstream sent an event that is no part of an answer", why="`choices` is no list")
    return body


def _split(raw: bytes, body: dict[str, Any], choices: list[dict[str, Any]]) -> list[Piece]:
    """One piece for each thing that is said; the event as it came where that is one thing."""
    parts = [part for choice in choices for part in _parts(choice)]
    if len(parts) <= 1:
        return [_piece(raw, parts[0])] if parts else [Piece(event=raw)]
    pieces = []
    rest = {name: value for name, value in body.items() if name != "usage"}
    for number, part in enumerate(parts):
        whole = body if number == len(parts) - 1 else rest
        pieces.append(_piece(event_of(msgspec.json.encode({**whole, "choices": [part]})), part))
    return pieces


def _parts(choice: dict[str, Any]) -> list[dict[str, Any]]:
    """The choice as choices that say one thing each, in the order of the event; the last one says why it ended."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return [choice]
    deltas = _deltas(delta)
    if len(deltas) <= 1:
        return [choice]
    parts = [{**choice, "delta": one, "finish_reason": None, "logprobs": None} for one in deltas]
    parts[-1]["finish_reason"] = choice.get("finish_reason")
    return parts


def _deltas(delta: dict[str, Any]) -> list[dict[str, Any]]:
    aside = {name: delta[name] for name in ASIDE if delta.get(name)}
    said: list[dict[str, Any]] = [aside] if aside else []
    said.extend({name: delta[name]} for name in SOUND if delta.get(name))
    said.extend({name: delta[name]} for name in CONTENT if delta.get(name))
    said.extend({"tool_calls": [step]} for call in objects(delta.get("tool_calls")) for step in _call_steps(call))
    if not said:
        return [delta]
    others = {name: value for name, value in delta.items() if name not in (*ASIDE, *SOUND, *CONTENT, "tool_calls")}
    said[0] = {**others, **said[0]}
    return said


def _call_steps(call: dict[str, Any]) -> list[dict[str, Any]]:
    """A call that comes with its name and its arguments at once, as two steps."""
    for kind, given in CALLS.items():
        called = call.get(kind)
        if isinstance(called, dict) and called.get("name") and called.get(given):
            begun = {**call, kind: {**called, given: ""}}
            return [begun, {"index": call.get("index", 0), kind: {given: called[given]}}]
    return [call]


def _piece(raw: bytes, choice: dict[str, Any]) -> Piece:
    index = int(choice.get("index") or 0)
    ended = bool(choice.get("finish_reason"))
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return Piece(event=raw, text=_text(choice.get("text")), choice=index, closes=ended)
    for call in objects(delta.get("tool_calls")):
        called: dict[str, Any] = next((call[kind] for kind in CALLS if isinstance(call.get(kind), dict)), {})
        said = _json_text(called.get("name") or called.get("arguments") or called.get("input") or "")
        return Piece(event=raw, tool=said, choice=index, call=int(call.get("index") or 0), closes=ended)
    if isinstance(delta.get("function_call"), dict):
        called = delta["function_call"]
        said = _json_text(called.get("arguments") or called.get("name") or "")
        return Piece(event=raw, tool=said, choice=index, closes=ended)
    content = _text(delta.get("content")) or _text(delta.get("refusal"))
    if content:
        return Piece(event=raw, text=content, choice=index, closes=ended)
    aside = next((delta[name] for name in ASIDE if isinstance(delta.get(name), str)), "") or transcript_of(delta)
    return Piece(event=raw, text=aside, aside=bool(aside), choice=index, closes=ended)


def _json_text(value: Any) -> str:
    """Arguments as JSON text; some servers send the object itself."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _text(content: Any) -> str:
    """A content that is a text, or a list of parts, as some vendors send it."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""
