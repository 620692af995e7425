"""All texts of a request and of an answer, in order, and the same with other texts in their places: for guards.

In a request: system and instructions, messages and prompts, results and arguments of tools, documents, variables of a
prompt; beside these, names and every field of them that this library does not know. Not the descriptions of tools and
schemas, which are a program's; not identifiers and addresses; not data of pictures; not thoughts that a vendor has
signed, as nobody could change them. In an answer: texts, refusals, thoughts, arguments of tools.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from loopwright.llm.ask import Ask, Reply
from loopwright.llm.protocols.replies import reply_in

_Change = Callable[[str], str]
_REQUEST = (
    "system", "instructions", "messages", "prompt", "suffix", "input", "variables", "prediction", "documents",
    "chat_template", "chat_template_kwargs", "stop", "stop_sequences",
)  # fmt: skip
_ANSWER = ("choices", "content", "output")
_ASKED = frozenset({"content", "text", "output", "refusal", "title", "context", "summary"})
_ANSWERED = _ASKED | {"message", "thinking", "reasoning", "reasoning_content", "reasoning_details", "transcript"}
_AROUND = frozenset({"function", "custom", "tool_calls", "function_call", "audio"})
_CALLED = frozenset({"arguments", "input"})
_ASIDES = frozenset({"chat_template", "chat_template_kwargs", "stop", "stop_sequences"})
"""Fields of a request that are no part of what is said, and reach models all the same."""
_TAGS = frozenset({
    "role", "type", "status", "detail", "format", "media_type", "mime_type", "ttl", "phase", "effort",
    "finish_reason", "native_finish_reason", "stop_reason",
})  # fmt: skip
_NO_TEXT = frozenset({
    "id", "call_id", "tool_call_id", "tool_use_id", "item_id", "file_id", "container_id", "model", "url", "image_url",
    "file_url", "file_data", "encrypted_content", "signature", "thought_signature",
})  # fmt: skip
"""Names, addresses and data that a model never reads as text, or that cannot be changed."""
_KEYS = _ASKED | _ANSWERED | _AROUND | _CALLED | _TAGS | _NO_TEXT
_KEYS |= {
    "name", "data", "source", "filename", "file", "input_audio", "cache_control", "action",
    "index", "logprobs", "annotations", "citations", "delta",
}  # fmt: skip
_LONG_NUMBER = 10**6
_PLAIN = re.compile(r"[a-z][a-z_/]{0,40}[0-9]{0,8}")


class Texts(NamedTuple):
    """The texts of a request or of an answer, each kind in its order.

    Attributes:
        said: What is said.
        calls: Arguments of calls of tools, as JSON text.
        beside: What stands beside these and may be read too: names, file names, keys, fields that this library does not
            know.
    """

    said: Sequence[str]
    calls: Sequence[str]
    beside: Sequence[str]


def texts_of(ask: Ask) -> Texts:
    """The texts that go in."""
    return _told(_REQUEST, _ASKED, ask.body)


def with_texts(ask: Ask, texts: Texts) -> Ask:
    """The call with these texts in place of its own, as many and in the order of `texts_of`."""
    body = _Walk(_REQUEST, _ASKED, _replacing(texts)).through(ask.body)
    return msgspec.structs.replace(ask, body=body, raw=b"")


def reply_texts(ask: Ask, reply: Reply) -> Texts:
    """The texts that come out; none of embeddings."""
    if ask.operation == "embedding":
        return Texts((), (), ())
    return _told(_ANSWER, _ANSWERED, msgspec.json.decode(reply.body))


def with_reply_texts(ask: Ask, reply: Reply, texts: Texts) -> Reply:
    """The answer with these texts in place of its own, as many and in the order of `reply_texts`.

    Where a text changed, log probabilities, annotations and sound, which would tell it, are taken out.
    """
    if ask.operation == "embedding" or [*map(list, texts)] == [*map(list, reply_texts(ask, reply))]:
        return reply
    body = _Walk(_ANSWER, _ANSWERED, _replacing(texts)).through(msgspec.json.decode(reply.body))
    for part in _objects(body):
        for name in ("logprobs", "annotations"):
            if part.get(name):
                part[name] = None if "message" in part or "finish_reason" in part else []
        if "transcript" in part and part.get("data"):
            part["data"] = ""
    encoded = msgspec.json.encode(body)
    read = reply_in(ask.operation, encoded, body)
    return msgspec.structs.replace(reply, body=encoded, text=read.text, tool_calls=read.tool_calls)


class _Changes(NamedTuple):
    """What is told each kind of text, and gives what is to stand in its place; see `Texts`."""

    said: _Change
    calls: _Change
    beside: _Change


def _told(fields: Sequence[str], names: frozenset[str], body: Mapping[str, Any]) -> Texts:
    said: list[str] = []
    calls: list[str] = []
    beside: list[str] = []
    _Walk(fields, names, _Changes(_collected(said), _collected(calls), _collected(beside))).through(body)
    return Texts(said, calls, beside)


def _replacing(texts: Texts) -> _Changes:
    return _Changes(_replaced(texts.said), _replaced(texts.calls), _replaced(texts.beside))


def _collected(texts: list[str]) -> _Change:
    def keep(text: str) -> str:
        texts.append(text)
        return text

    return keep


def _replaced(texts: Sequence[str]) -> _Change:
    left = iter(texts)
    return lambda _: next(left)


class _Walk:
    """Goes through the texts of a body, always in the same order.

    Args:
        fields: Of the body, those that hold texts.
        names: Of the objects in it, the fields that hold what is said.
        change: Told every text.
    """

    def __init__(self, fields: Sequence[str], names: frozenset[str], change: _Changes) -> None:
        self._fields = fields
        self._names = names
        self._said, self._calls, self._beside = change

    def through(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with its texts changed."""
        changed = dict(body)
        for field in self._fields:
            value = body.get(field)
            if value is None:
                continue
            if field in _ASIDES:
                changed[field] = values_changed(value, self._beside, self._beside)
            elif field == "variables":
                changed[field] = values_changed(value, self._said, self._key)
            else:
                changed[field] = self._visited(value)
        return changed

    def _visited(self, value: Any) -> Any:
        """What is said, with its texts changed: of an object, those of the fields that hold texts."""
        if isinstance(value, str):
            return self._said(value)
        if isinstance(value, list):
            return [self._visited(one) for one in value]
        return self._object(value) if isinstance(value, dict) else value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {self._key(name): self._field(name, inner, value) for name, inner in value.items()}

    def _field(self, name: str, value: Any, part: Mapping[str, Any]) -> Any:
        """A field of an object.

        Args:
            name: Its name.
            value: What it holds.
            part: The object.
        """
        if name in _CALLED:
            return self._call(value)
        if name in self._names or (name in _AROUND and not isinstance(value, str)):
            return self._visited(value)
        if name == "source" and isinstance(value, dict) and value.get("type") in ("text", "content"):
            return {
                key: self._visited(one) if key in ("data", "content") else self._rest(key, one, value)
                for key, one in value.items()
            }
        return self._rest(name, value, part)

    def _rest(self, name: str, value: Any, part: Mapping[str, Any]) -> Any:
        """A field that holds nothing that is said, as far as this library knows; arguments as `_field`."""
        if name == "logprobs":
            return value
        if isinstance(value, str):
            return value if _is_no_text(name, value, part) else self._beside(value)
        if isinstance(value, list):
            return [self._rest(name, one, part) for one in value]
        return self._object(value) if isinstance(value, dict) else value

    def _key(self, name: str) -> str:
        return name if name in _KEYS else self._beside(name)

    def _call(self, arguments: Any) -> Any:
        """Arguments of a call: JSON text, or what that says."""
        if arguments is None or isinstance(arguments, str):
            return arguments and self._calls(arguments)
        text = msgspec.json.encode(arguments).decode()
        changed = self._calls(text)
        if changed == text:
            return arguments
        try:
            return msgspec.json.decode(changed)
        except msgspec.DecodeError:
            return {"masked": changed}


def _is_no_text(name: str, value: str, part: Mapping[str, Any]) -> bool:
    """Whether a field's text is a word of the protocol, an identifier, an address, data of a picture, or a thought that
    a vendor has signed."""
    if name in _NO_TEXT:
        return True
    if name in _TAGS:
        return _PLAIN.fullmatch(value) is not None
    if name == "data":
        return part.get("type") in ("base64", "redacted_thinking") or {*part} == {"data", "format"}
    return name == "thinking" and bool(part.get("signature"))


def values_changed(value: Any, change: _Change, key: _Change) -> Any:
    """The value with every text in it changed, as in arguments that a tool was given as an object.

    Args:
        value: Any of JSON's.
        change: Told its texts.
        key: Told its keys, and numbers of many digits: cards and phones are written as such, too.
    """
    if isinstance(value, dict):
        return {key(name): values_changed(inner, change, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [values_changed(inner, change, key) for inner in value]
    if isinstance(value, int) and abs(value) >= _LONG_NUMBER:
        changed = key(str(value))
        return value if changed == str(value) else changed
    return change(value) if isinstance(value, str) else value


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
