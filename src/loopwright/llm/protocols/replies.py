"""What whole answers say: texts, calls of tools, usage, why they ended, read from their bodies."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Operation, Reply
from loopwright.llm.protocols.usage import usage_of_chat, usage_of_message, usage_of_response

_TOOL_ITEMS = ("function_call", "custom_tool_call")
_WORDS = {"max_output_tokens": "length", "content_filter": "content_filter"}
_STOPS = {
    "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
    "model_context_window_exceeded": "length", "tool_use": "tool_calls", "refusal": "content_filter",
}  # fmt: skip


def reply_in(operation: Operation, body: bytes, data: Mapping[str, Any]) -> Reply:
    """The answer that a body in the protocol of the operation gives.

    Args:
        operation: Whose protocol.
        body: The bytes.
        data: The same, decoded.

    Raises:
        UpstreamError: It is not as the protocol has it.
    """
    if operation == "message":
        return message_reply(body, data)
    if operation == "response":
        return response_reply(body, data)
    if operation == "embedding":
        return embedding_reply(body, data)
    return chat_reply(body, data)


def chat_reply(body: bytes, data: Mapping[str, Any]) -> Reply:
    """The answer that the body of a chat or a completion gives.

    Args:
        body: The bytes.
        data: The same, decoded.

    Raises:
        UpstreamError: It has no choices, or they are malformed.
    """
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not all(isinstance(one, dict) for one in choices):
        raise UpstreamError("the upstream's answer has no choices", why="the body is not as the protocol has it")
    messages = [_message_of(choice) for choice in choices]
    calls = [call for message in messages for call in objects(message.get("tool_calls"))]
    return Reply(
        body=body,
        text="\n".join(text for text in map(_text_of, messages) if text),
        tool_calls=tuple(_call_of(call) for call in calls),
        usage=usage_of_chat(data.get("usage")),
        finish=next((_string(choice.get("finish_reason")) for choice in choices if choice.get("finish_reason")), None),
        model=_string(data.get("model")),
        id=_string(data.get("id")),
    )


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


def message_reply(body: bytes, data: Mapping[str, Any]) -> Reply:
    """The answer that a message's body gives. Raises UpstreamError."""
    if not isinstance(data.get("content"), list):
        raise UpstreamError("the upstream's answer has no content", why="the body is not as the protocol has it")
    blocks = objects(data["content"])
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    return Reply(
        body=body,
        text="".join(str(block.get("text") or "") for block in blocks if block.get("type") == "text"),
        tool_calls=tuple(
            {"name": str(call.get("name", "")), "arguments": _arguments(call.get("input") or {})} for call in calls
        ),
        usage=usage_of_message(data.get("usage")),
        finish=stop_of(data.get("stop_reason")),
        model=_string(data.get("model")),
        id=_string(data.get("id")),
    )


def stop_of(reason: Any) -> str | None:
    """Anthropic's reason to end in the words of chats; None where there is none yet."""
    return _STOPS.get(str(reason), "stop") if reason else None


def embedding_reply(body: bytes, data: Mapping[str, Any]) -> Reply:
    """The answer that a body of embeddings gives. Raises UpstreamError."""
    if not isinstance(data.get("data"), list):
        raise UpstreamError("the upstream's answer has no embeddings", why="the body is not as the protocol has it")
    return Reply(body=body, usage=usage_of_chat(data.get("usage")), finish="stop", model=_string(data.get("model")))


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list that an upstream should have sent; whatever else came is left out."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _message_of(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message; a completion's text as one."""
    message = choice.get("message")
    return message if isinstance(message, Mapping) else {"content": choice.get("text")}


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or message.get("refusal")
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _call_of(call: Mapping[str, Any]) -> dict[str, str]:
    function = call.get("function") or call.get("custom")
    if not isinstance(function, Mapping):
        return {"name": "", "arguments": ""}
    arguments = function.get("arguments", function.get("input", ""))
    return {"name": str(function.get("name", "")), "arguments": _arguments(arguments)}


def _arguments(value: Any) -> str:
    """As JSON text; some servers send the object itself."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
