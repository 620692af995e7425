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
_ASKED = frozenset({"content", "text", "output", "arguments", "refusal", "title", "context", "summary"})
_ANSWERED = _ASKED | {"message", "thinking", "reasoning", "reasoning_content", "reasoning_details"}
_AROUND = frozenset({"function", "custom", "tool_calls", "function_call"})
_VALUES = frozenset({"input", "variables"})
_ASIDES = frozenset({"chat_template", "chat_template_kwargs", "stop", "stop_sequences"})
"""Fields of a request that are no part of what is said, and reach models all the same."""
_TAGS = frozenset({"role", "type", "status", "detail", "format", "media_type", "mime_type", "ttl", "phase", "effort"})
_NO_TEXT = frozenset({
    "id", "call_id", "tool_call_id", "tool_use_id", "item_id", "file_id", "container_id", "model", "url", "image_url",
    "file_url", "file_data", "encrypted_content", "signature", "thought_signature",
})  # fmt: skip
"""Names, addresses and data that a model never reads as text, or that cannot be changed."""
_KEYS = _ASKED | _ANSWERED | _AROUND | _VALUES | _TAGS | _NO_TEXT
_KEYS |= {"name", "data", "source", "filename", "file", "input_audio", "cache_control", "action"}
_LONG_NUMBER = 10**6
_PLAIN = re.compile(r"[a-z][a-z_/]{0,40}[0-9]{0,8}")


class AskTexts(NamedTuple):
    """The texts of a request.

    Attributes:
        said: What is said.
        beside: What stands beside it and may reach the model too: names, file names, keys of arguments, fields that
            this library does not know.
    """

    said: list[str]
    beside: list[str]


def all_texts_of(ask: Ask) -> AskTexts:
    """The texts that go in."""
    texts = AskTexts([], [])
    _Walk(_REQUEST, _ASKED, _collected(texts.said), beside=_collected(texts.beside)).through(ask.body)
    return texts


def texts_of(ask: Ask) -> list[str]:
    """The texts that a request says."""
    return all_texts_of(ask).said


def with_texts(ask: Ask, texts: Sequence[str], *, beside: Sequence[str] | None = None) -> Ask:
    """The call with these texts in place of its own.

    Args:
        ask: Any.
        texts: As many as `texts_of` told, in its order.
        beside: As many as stand beside them; None: those stay.
    """
    around = (lambda text: text) if beside is None else _replaced(beside)
    body = _Walk(_REQUEST, _ASKED, _replaced(texts), beside=around).through(ask.body)
    return msgspec.structs.replace(ask, body=body, raw=b"")


def reply_texts(ask: Ask, reply: Reply) -> list[str]:
    """The texts that an answer says, the arguments of its calls of tools among them; none of embeddings."""
    texts: list[str] = []
    if ask.operation != "embedding":
        _Walk(_ANSWER, _ANSWERED, _collected(texts)).through(msgspec.json.decode(reply.body))
    return texts


def with_reply_texts(ask: Ask, reply: Reply, texts: Sequence[str]) -> Reply:
    """The answer with these texts in place of its own, as many and in the order of `reply_texts`.

    Where a text changed, log probabilities and annotations, which would tell it, are taken out.
    """
    data = msgspec.json.decode(reply.body)
    if ask.operation == "embedding" or list(texts) == reply_texts(ask, reply):
        return reply
    body = _Walk(_ANSWER, _ANSWERED, _replaced(texts)).through(data)
    for part in _objects(body):
        for name in ("logprobs", "annotations"):
            if part.get(name):
                part[name] = None if "message" in part or "finish_reason" in part else []
    encoded = msgspec.json.encode(body)
    read = reply_in(ask.operation, encoded, body)
    return msgspec.structs.replace(reply, body=encoded, text=read.text, tool_calls=read.tool_calls)


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
        said: Told every text that is said, gives what is to stand in its place.
        beside: The same for all others; None where only what is said is looked at.
    """

    def __init__(
        self, fields: Sequence[str], names: frozenset[str], said: _Change, *, beside: _Change | None = None
    ) -> None:
        self._fields = fields
        self._names = names
        self._said = said
        self._beside = beside

    def through(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with its texts changed."""
        changed = dict(body)
        for field in self._fields:
            value = body.get(field)
            if value is None:
                continue
            if field in _ASIDES:
                changed[field] = value if self._beside is None else values_changed(value, self._beside, self._beside)
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
        if name in _VALUES:
            return values_changed(value, self._said, self._key)
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
        if self._beside is None:
            return value
        if isinstance(value, str):
            return value if _is_no_text(name, value, part) else self._beside(value)
        if isinstance(value, list):
            return [self._rest(name, one, part) for one in value]
        return self._object(value) if isinstance(value, dict) else value

    def _key(self, name: str) -> str:
        return name if self._beside is None or name in _KEYS else self._beside(name)


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
