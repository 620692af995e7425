"""Reading a caller's body: its size and shape are checked here, once, before anything else looks at it."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from loopwright.errors import PayloadTooLargeError, RequestRefusedError
from loopwright.llm.ask import Ask, Operation

MOST_BYTES = 32 * 1024 * 1024
"""A body may be this long; pictures come inside it."""
MOST_DEEP = 100
"""Levels of objects and lists: whatever goes through a body afterwards may do so by calling itself."""
MOST_CHOICES = 128
"""Answers to one request, as OpenAI's own limit has it."""

_Name = Annotated[str, msgspec.Meta(min_length=1)]
_Tokens = Annotated[int, msgspec.Meta(ge=1)] | None
_Choices = Annotated[int, msgspec.Meta(ge=1, le=MOST_CHOICES)] | None
_Object = dict[str, Any] | None


class _Part(msgspec.Struct, frozen=True):
    type: str | None = None
    text: str | None = None
    source: _Object = None
    file: _Object = None
    image_url: str | dict[str, Any] | None = None
    input_audio: _Object = None
    content: "str | list[str | _Part] | _Part | None" = None


class _Call(msgspec.Struct, frozen=True):
    function: _Object = None
    extra_content: _Object = None


class _Turn(msgspec.Struct, frozen=True):
    type: str | None = None
    role: str | None = None
    content: str | list[str | _Part] | _Part | None = None
    output: str | list[str | _Part] | dict[str, Any] | None = None
    tool_calls: list[_Call] | None = None


class _Said(_Turn, frozen=True, kw_only=True):
    role: _Name


class _Choice(msgspec.Struct, frozen=True):
    type: str | None = None
    function: _Object = None


class _Format(msgspec.Struct, frozen=True):
    type: str | None = None
    json_schema: _Object = None


class _Tool(msgspec.Struct, frozen=True):
    type: str | None = None
    function: _Object = None


class _StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool | None = None


class _Shape(msgspec.Struct, frozen=True):
    model: _Name
    stream: bool | None = None
    metadata: _Object = None
    stream_options: _StreamOptions | None = None


class _Sampled(_Shape, frozen=True, kw_only=True):
    temperature: float | None = None
    stop: str | list[str] | None = None
    n: _Choices = None
    best_of: _Choices = None


class _Chat(_Sampled, frozen=True, kw_only=True):
    messages: Annotated[list[_Said], msgspec.Meta(min_length=1)]
    max_tokens: _Tokens = None
    max_completion_tokens: _Tokens = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    response_format: _Format | None = None
    reasoning_effort: str | None = None
    modalities: list[str] | None = None


class _Completion(_Sampled, frozen=True, kw_only=True):
    prompt: str | list[str | int | list[int]]
    max_tokens: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Embedding(_Shape, frozen=True, kw_only=True):
    input: str | Annotated[list[str | int | list[int]], msgspec.Meta(min_length=1)]


class _Text(msgspec.Struct, frozen=True):
    format: _Format | None = None


class _Reasoning(msgspec.Struct, frozen=True):
    effort: str | None = None


class _Response(_Shape, frozen=True, kw_only=True):
    input: str | list[_Turn] | None = None
    instructions: str | list[_Turn] | None = None
    max_output_tokens: _Tokens = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    temperature: float | None = None


class _OutputConfig(msgspec.Struct, frozen=True):
    format: _Format | None = None
    effort: str | None = None


class _Thinking(msgspec.Struct, frozen=True):
    budget_tokens: int | None = None


class _Message(_Shape, frozen=True, kw_only=True):
    messages: Annotated[list[_Said], msgspec.Meta(min_length=1)]
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    system: str | list[_Part] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _Choice | None = None
    stop_sequences: list[str] | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None
    temperature: float | None = None


_SHAPES: dict[Operation, type[_Shape]] = {
    "chat": _Chat,
    "completion": _Completion,
    "embedding": _Embedding,
    "response": _Response,
    "message": _Message,
}
_DECODER = msgspec.json.Decoder(dict[str, Any])
_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def read_ask(operation: Operation, raw: bytes, *, most_bytes: int = MOST_BYTES) -> Ask:
    """The call that a body makes. Fields that this library does not know are kept: callers use vendors' extras.

    Args:
        operation: By the route that the body was sent to.
        raw: The body's bytes.
        most_bytes: How long it may be.

    Raises:
        PayloadTooLargeError: It is longer.
        RequestRefusedError: It is no JSON object, is nested too deeply, or a field is missing or not of its type;
            `field` in the error's context names it. The field's value is never shown.
    """
    if len(raw) > most_bytes:
        raise PayloadTooLargeError(
            f"the body has {len(raw)} bytes", why=f"at most {most_bytes} are taken", fix="Send a shorter request."
        )
    try:
        body = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestRefusedError(
            "the body is not a JSON object", why=_without_content(error), fix="Send a JSON object in UTF-8.", field=""
        ) from error
    if raw.count(b"[") + raw.count(b"{") > MOST_DEEP and _deeper_than(body, MOST_DEEP):
        raise RequestRefusedError(
            "the request is nested too deeply", why=f"at most {MOST_DEEP} levels are taken", fix="Send a flatter one.",
            field="",
        )  # fmt: skip
    checked(operation, body)
    return Ask(operation=operation, body=body, raw=raw, stream=body.get("stream") is True)


def checked(operation: Operation, body: Mapping[str, Any]) -> None:
    """See that a body has the shape that its protocol gives it, as far as this library looks into it.

    Raises:
        RequestRefusedError: A field is missing or not of its type; it is named.
    """
    try:
        msgspec.convert(body, _SHAPES[operation])
    except msgspec.ValidationError as error:
        field = _field(str(error))
        raise RequestRefusedError(
            f"the field `{field}` of the request is not as it must be",
            why=_PATH.sub("", str(error)), fix="Correct the field named.", field=field,
        ) from error  # fmt: skip


def model_of(ask: Ask) -> str:
    """What the caller wrote as the model: an endpoint's name, `NAME@DIGEST` for one of its versions."""
    return str(ask.body["model"])


def _deeper_than(body: Mapping[str, Any], most: int) -> bool:
    """Whether a body has more levels than that; goes level by level."""
    level: list[Any] = [body]
    for _ in range(most):
        level = [one for value in level for one in _inside(value) if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _field(message: str) -> str:
    place = _PATH.search(message)
    missing = _MISSING.search(message)
    parts = [part for part in (place and place.group(1), missing and missing.group(1)) if part]
    return re.sub(r"\[(\d*|\.\.\.)\]", lambda index: f".{index.group(1)}", ".".join(parts)).strip(".")


def _without_content(error: Exception) -> str:
    """The decoder's message; of text that is no Unicode only where it stands, as the message would quote all of it."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)
