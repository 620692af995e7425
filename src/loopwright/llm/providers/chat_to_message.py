"""Chats as Anthropic's messages, on the way to an upstream.

Left out, as it changes no answer: `metadata`, `store`, `service_tier`, `prediction` (it only hastens), the fields of
`prompt_cache_`, `stream_options` (usage is always told), thoughts of earlier turns (they are not signed).
Instructions in the middle of a conversation go to its beginning, the only place for them. Fields that nobody knows are
kept: they are the vendor's own.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from loopwright.llm.protocols.unsayable import refuse, unsayable

MOST_TOKENS = 4096
"""The limit where a call sets none; messages must have one."""
_OF = "a message"
_SAME = ("temperature", "top_p", "stream", "model")
_LEFT_OUT = (
    "metadata", "store", "service_tier", "prediction", "prompt_cache_key", "prompt_cache_retention", "stream_options",
)  # fmt: skip
_TRANSLATED = frozenset({
    "messages", "max_tokens", "max_completion_tokens", "tools", "tool_choice", "parallel_tool_calls", "stop", "n",
    "response_format", "reasoning_effort", "user", "safety_identifier", "modalities", *_SAME, *_LEFT_OUT,
})  # fmt: skip
_REFUSED = (
    "logprobs", "top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty", "functions", "function_call",
    "audio", "web_search_options", "verbosity", "best_of", "seed",
)  # fmt: skip
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_SYSTEM = ("system", "developer")
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def message_of_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a message that asks what this body of a chat asks.

    Raises:
        UpstreamRefusedError: It holds what a message cannot say; the field is named.
    """
    refuse(body, _REFUSED, of=_OF)
    if body.get("seed") is not None:
        raise unsayable("seed", _OF)
    if (body.get("n") or 1) > 1:
        raise unsayable("n", _OF)
    if (body.get("temperature") or 0) > 1:
        raise unsayable("temperature", _OF)
    if any(kind != "text" for kind in body.get("modalities") or ()):
        raise unsayable("modalities", _OF)
    message = {name: value for name, value in body.items() if name not in _TRANSLATED and name not in _REFUSED}
    message |= {name: body[name] for name in _SAME if body.get(name) is not None}
    message["max_tokens"] = body.get("max_completion_tokens") or body.get("max_tokens") or MOST_TOKENS
    message["messages"] = _turns(body["messages"])
    system = [part for turn in body["messages"] if turn.get("role") in _SYSTEM for part in _texts(turn.get("content"))]
    if system:
        message["system"] = "\n\n".join(system)
    stop = body.get("stop")
    if stop:
        message["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    user = body.get("user") or body.get("safety_identifier")
    if user:
        message["metadata"] = {"user_id": user}
    return message | _tools(body) | _output(body)


def _turns(messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Turns of user and assistant by turns, as messages want them: those of one side that follow one another as one."""
    turns: list[dict[str, Any]] = []
    for number, message in enumerate(messages):
        if message.get("role") in _SYSTEM:
            continue
        role, blocks = _turn(message, f"messages.{number}")
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _turn(message: Mapping[str, Any], at: str) -> tuple[str, list[dict[str, Any]]]:
    role, content = message.get("role"), message.get("content")
    if role == "user":
        return "user", _blocks(content, at)
    if role == "tool":
        block = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": _blocks(content, at)}
        return "user", [block]
    if role != "assistant":
        raise unsayable(f"{at}.role", _OF)
    refuse(message, ("function_call", "audio"), of=_OF)
    blocks = _blocks(content or message.get("refusal"), at)
    calls = message.get("tool_calls") or ()
    return "assistant", blocks + [_call(call, f"{at}.tool_calls.{number}") for number, call in enumerate(calls)]


def _call(call: Mapping[str, Any], at: str) -> dict[str, Any]:
    function = call.get("function")
    if not isinstance(function, Mapping):
        raise unsayable(f"{at}.type", _OF)
    try:
        given = msgspec.json.decode(function.get("arguments") or "{}")
    except msgspec.DecodeError as error:
        raise unsayable(f"{at}.function.arguments", _OF) from error
    return {"type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": given}


def _blocks(content: Any, at: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_block(part, f"{at}.content.{number}") for number, part in enumerate(content or ())]


def _block(part: Any, at: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    kind = part.get("type")
    if kind in ("text", "refusal"):
        return {"type": "text", "text": str(part.get("text") or part.get("refusal") or "")}
    if kind == "image_url":
        image = part.get("image_url")
        return {"type": "image", "source": _source(image.get("url") if isinstance(image, Mapping) else image, at)}
    file = part.get("file") or {}
    if kind == "file" and file.get("file_data"):
        named = {"title": file["filename"]} if file.get("filename") else {}
        return {"type": "document", "source": _source(file["file_data"], at), **named}
    raise unsayable(f"{at}.type", _OF)


def _source(url: Any, at: str) -> dict[str, Any]:
    text = str(url or "")
    if text.startswith(("http://", "https://")):
        return {"type": "url", "url": text}
    head, comma, data = text.partition(",")
    if not head.startswith("data:") or not comma:
        raise unsayable(f"{at}.url", _OF)
    media, _, coding = head[5:].partition(";")
    if coding.endswith("base64"):
        return {"type": "base64", "media_type": media, "data": data}
    if media.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": unquote_to_bytes(data).decode("utf-8", "replace")}
    raise unsayable(f"{at}.url", _OF)


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content] if content else []
    return [str(part.get("text", "")) for part in content or () if isinstance(part, Mapping)]


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    tools = body.get("tools") or ()
    if tools:
        fields["tools"] = [_tool(tool, f"tools.{number}") for number, tool in enumerate(tools)]
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        if choice.get("type") != "function":
            raise unsayable("tool_choice.type", _OF)
        fields["tool_choice"] = {"type": "tool", "name": (choice.get("function") or {}).get("name")}
    elif choice is not None:
        if choice not in _CHOICES:
            raise unsayable("tool_choice", _OF)
        fields["tool_choice"] = {"type": _CHOICES[choice]}
    if body.get("parallel_tool_calls") is False and tools:
        chosen = fields.get("tool_choice", {"type": "auto"})
        fields["tool_choice"] = chosen if chosen["type"] == "none" else {**chosen, "disable_parallel_tool_use": True}
    return fields


def _tool(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, Mapping):
        raise unsayable(f"{at}.type", _OF)
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    said = {name: function[name] for name in ("description", "strict") if function.get(name)}
    return {"name": function.get("name"), "input_schema": schema, **said}


def _output(body: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the answer, and the effort that it is worth."""
    fields: dict[str, Any] = {}
    config: dict[str, Any] = {}
    shape = body.get("response_format") or {"type": "text"}
    if shape.get("type") == "json_schema":
        config["format"] = {"type": "json_schema", "schema": (shape.get("json_schema") or {}).get("schema")}
    elif shape.get("type") != "text":
        raise unsayable("response_format.type", _OF)
    effort = body.get("reasoning_effort")
    if effort == "none":
        fields["thinking"] = {"type": "disabled"}
    elif effort in _EFFORTS:
        config["effort"] = effort
    elif effort:
        raise unsayable("reasoning_effort", _OF)
    return fields | ({"output_config": config} if config else {})
