"""All texts of a request and of an answer, in order, and the same with other texts in their places: for guards.

In a request: system and instructions, messages and prompts, results and arguments of tools, variables of a prompt. Not
the descriptions of tools and schemas, which are a program's; not thoughts that a vendor has signed, as nobody could
change them. In an answer: texts, refusals, thoughts, arguments of tools.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from loopwright.llm.ask import Ask, Reply
from loopwright.llm.protocols.replies import reply_in

_Change = Callable[[str], str]
_REQUEST = ("system", "instructions", "messages", "prompt", "suffix", "input", "variables")
_ANSWER = ("choices", "content", "output")
_ASKED = frozenset({"content", "text", "output", "arguments", "refusal", "title", "context", "summary"})
_ANSWERED = _ASKED | {"message", "thinking", "reasoning", "reasoning_content", "reasoning_details"}
_AROUND = frozenset({"function", "custom", "tool_calls", "function_call"})
_VALUES = frozenset({"input", "variables"})


def texts_of(ask: Ask) -> list[str]:
    """The texts that go in."""
    texts: list[str] = []
    _through(ask.body, _collected(texts), names=_ASKED)
    return texts


def with_texts(ask: Ask, texts: Sequence[str]) -> Ask:
    """The call with these texts in place of its own, as many and in the order of `texts_of`."""
    body = _through(ask.body, _replaced(texts), names=_ASKED)
    return msgspec.structs.replace(ask, body=body, raw=b"")


def reply_texts(ask: Ask, reply: Reply) -> list[str]:
    """The texts that an answer says, the arguments of its calls of tools among them; none of embeddings."""
    texts: list[str] = []
    if ask.operation != "embedding":
        _through(msgspec.json.decode(reply.body), _collected(texts), names=_ANSWERED)
    return texts


def with_reply_texts(ask: Ask, reply: Reply, texts: Sequence[str]) -> Reply:
    """The answer with these texts in place of its own, as many and in the order of `reply_texts`.

    Where a text changed, log probabilities and annotations, which would tell it, are taken out.
    """
    data = msgspec.json.decode(reply.body)
    if ask.operation == "embedding" or list(texts) == reply_texts(ask, reply):
        return reply
    body = _through(data, _replaced(texts), names=_ANSWERED)
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


def _through(body: Any, change: _Change, *, names: frozenset[str]) -> dict[str, Any]:
    """The body with its texts changed.

    Args:
        body: Of a request or of an answer.
        change: Told every text, in order.
        names: The fields that hold texts.
    """
    changed = dict(body)
    for field in _REQUEST if names is _ASKED else _ANSWER:
        if body.get(field) is not None:
            changed[field] = _field(
                "variables" if field == "variables" else "content", body[field], change, names=names
            )
    return changed


def _visited(value: Any, change: _Change, *, names: frozenset[str]) -> Any:
    """The value with its texts changed: of an object, those of the fields that hold texts."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_visited(one, change, names=names) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _field(name, inner, change, names=names) for name, inner in value.items()}


def _field(name: str, value: Any, change: _Change, *, names: frozenset[str]) -> Any:
    if name in _VALUES:
        return _all_values(value, change)
    if name in names or (name in _AROUND and not isinstance(value, str)):
        return _visited(value, change, names=names)
    if name == "source" and isinstance(value, dict) and value.get("type") in ("text", "content"):
        said = ("data", "content")
        return {key: _visited(one, change, names=names) if key in said else one for key, one in value.items()}
    return value


def _all_values(value: Any, change: _Change) -> Any:
    """The value with every text in it changed, as in arguments that a tool was given as an object."""
    if isinstance(value, dict):
        return {name: _all_values(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_all_values(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
