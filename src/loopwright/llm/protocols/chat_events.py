"""Single events of a stream of OpenAI's chats."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from loopwright.llm.ask import Piece, Usage
from loopwright.llm.protocols.sse import event_of, parsed
from loopwright.llm.protocols.usage import chat_usage

DONE = b"data: [DONE]\n\n"
CONTENT = ("content", "refusal")
ASIDE = ("reasoning_content", "reasoning")
SOUND = ("audio",)
CALLS = {"function": "arguments", "custom": "input"}
"""What a call of a tool is, and the field that says what the tool is given."""
_DECODER = msgspec.json.Decoder(dict[str, Any])


class ChatEvents:
    """Makes the events of one stream.

    Attributes:
        head: What every event begins with: id, model, when.
        calls: Calls of tools that were begun.
    """

    def __init__(self) -> None:
        self.head: dict[str, Any] = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        self.calls = 0

    def begin(self, id: str, model: str) -> Piece:
        """The event that says who speaks."""
        self.head |= {"id": id, "model": model}
        return Piece(event=self._event({"role": "assistant", "content": ""}))

    def text(self, text: str) -> Piece:
        """A further text of the answer."""
        return Piece(event=self._event({"content": text}), text=text)

    def aside(self, text: str) -> Piece:
        """A further thought."""
        return Piece(event=self._event({"reasoning_content": text}), text=text, aside=True)

    def call(self, id: str, name: str, *, extra: Mapping[str, Any] | None = None) -> Piece:
        """The beginning of a call of a tool.

        Args:
            id: The call's; one is made where it is empty.
            name: The tool's.
            extra: What the upstream wants back with the call.
        """
        number = self.calls
        self.calls += 1
        call: dict[str, Any] = {
            "index": number, "id": id or f"call_{self.head['id']}_{number}", "type": "function",
            "function": {"name": name, "arguments": ""},
        }  # fmt: skip
        if extra:
            call["extra_content"] = extra
        return Piece(event=self._event({"tool_calls": [call]}), tool=name, call=number)

    def arguments(self, arguments: str) -> Piece:
        """A further part of the arguments of the call begun last."""
        number = max(0, self.calls - 1)
        call = {"index": number, "function": {"arguments": arguments}}
        return Piece(event=self._event({"tool_calls": [call]}), tool=arguments, call=number)

    def finish(self, reason: str) -> Piece:
        """The event that says why the answer ended."""
        return Piece(event=self._event({}, reason), closes=True)

    def _event(self, delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return event_of(msgspec.json.encode({**self.head, "choices": [choice]}))


def told_usage(head: Mapping[str, Any], usage: Usage) -> bytes:
    """The event that tells usage."""
    return event_of(msgspec.json.encode({**head, "choices": [], "usage": chat_usage(usage)}))


def broken_off(
    head: Mapping[str, Any], choices: Iterable[int], reason: str, *, usage: Usage | None = None, plain: bool = False
) -> bytes:
    """The events that end a stream before its time, its mark at the end among them.

    Args:
        head: What every event begins with.
        choices: Those that have not ended.
        reason: Why they end now.
        usage: What to tell of it; None: nothing.
        plain: Whether it is a completion's stream.
    """
    ends = []
    for index in choices:
        choice: dict[str, Any] = {"index": index, "finish_reason": reason, "logprobs": None}
        choice["text" if plain else "delta"] = "" if plain else {}
        ends.append(event_of(msgspec.json.encode({**head, "choices": [choice]})))
    if usage is not None:
        ends.append(told_usage(head, usage))
    return b"".join([*ends, DONE])


def saying(piece: Piece, text: str) -> bytes:
    """The event of a piece of a chat or a completion with `text` in place of its own; empty where nothing is left."""
    if text == (piece.tool or piece.text):
        return piece.event
    body = _DECODER.decode(parsed(piece.event).data)
    return event_of(msgspec.json.encode(body)) if _change(body, piece, text) else b""


def transcript_of(delta: Mapping[str, Any]) -> str:
    """The words of the sound that a delta brings; empty where there are none."""
    sound = delta.get("audio")
    said = sound.get("transcript") if isinstance(sound, Mapping) else None
    return said if isinstance(said, str) else ""


def _called(delta: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The call of a tool in a delta, and the field that says what the tool is given."""
    if not delta.get("tool_calls"):
        return delta["function_call"], "arguments"
    call = delta["tool_calls"][0]
    return next((call[kind], given) for kind, given in CALLS.items() if isinstance(call.get(kind), dict))


def _change(body: dict[str, Any], piece: Piece, text: str) -> bool:
    """Put `text` where the piece's own text is; whether the event has anything left to say."""
    choice = body["choices"][0]
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        choice["text"] = text
    elif piece.tool:
        called, given = _called(delta)
        called[given if called.get(given) else "name"] = text
    elif piece.aside:
        delta.pop("reasoning_details", None)
        for name in ASIDE:
            if delta.get(name):
                delta[name] = text
        if transcript_of(delta):
            # Sound cannot be masked: where its words are changed or held back, it is left out.
            delta["audio"] = {**delta["audio"], "transcript": text, "data": ""}
    else:
        delta["content" if delta.get("content") or not delta.get("refusal") else "refusal"] = text
    choice["logprobs"] = None
    kept = {name for name in (delta or {}) if name not in (*CONTENT, *ASIDE)}
    return bool(text or choice.get("finish_reason") or body.get("usage") or kept)
