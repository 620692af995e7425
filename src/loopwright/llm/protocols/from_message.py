"""Anthropic's messages as chats.

Left out, as it changes no answer or only what it costs: `cache_control`, `service_tier`, thoughts of earlier turns
(chats do not take them back), `citations` of earlier answers, `is_error` of a tool's result, other `metadata` than
`user_id`. Fields that nobody knows are kept: they are a vendor's extras.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.llm.protocols.unsayable import refuse, unsayable

_CHAT = "a chat"
_SAME = ("temperature", "top_p", "top_k", "max_tokens", "stream", "model")
_TRANSLATED = frozenset(
    {"system", "messages", "tools", "tool_choice", "stop_sequences", "metadata", "thinking", "output_config",
     "output_format", "cache_control", "service_tier", *_SAME}
)  # fmt: skip
_REFUSED = ("container", "mcp_servers", "context_management")
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_THOUGHTS = ("thinking", "redacted_thinking")
_EFFORTS = ((4_096, "low"), (16_384, "medium"))


def chat_of_message(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat that asks what this body of a message asks.

    Raises:
        UpstreamRefusedError: It holds what a chat cannot say; the field is named.
    """
    refuse(body, _REFUSED, of=_CHAT)
    chat: dict[str, Any] = {name: value for name, value in body.items() if name not in _TRANSLATED}
    chat |= {name: body[name] for name in _SAME if body.get(name) is not None}
    chat["messages"] = _system(body.get("system"))
    for number, message in enumerate(body["messages"]):
        chat["messages"] += _turns(message, f"messages.{number}")
    if body.get("tools"):
        chat["tools"] = [_tool(tool, f"tools.{number}") for number, tool in enumerate(body["tools"])]
    if body.get("stop_sequences"):
        chat["stop"] = list(body["stop_sequences"])
    user = (body.get("metadata") or {}).get("user_id")
    if user:
        chat["user"] = user
    return chat | _tool_choice(body) | _thinking(body) | _output(body)


def _system(system: Any) -> list[dict[str, Any]]:
    text = system if isinstance(system, str) else "\n\n".join(str(one.get("text", "")) for one in system or ())
    return [{"role": "system", "content": text}] if text else []


def _turns(message: Mapping[str, Any], at: str) -> list[dict[str, Any]]:
    role, content = message.get("role"), message.get("content")
    if isinstance(content, str) or content is None:
        return [{"role": role, "content": content or ""}]
    blocks = [one if isinstance(one, Mapping) else {"type": "text", "text": one} for one in content]
    if role == "assistant":
        return [_answer(blocks, at)]
    return _question(blocks, at)


def _answer(blocks: list[Mapping[str, Any]], at: str) -> dict[str, Any]:
    texts, calls = [], []
    for number, block in enumerate(blocks):
        kind = block.get("type")
        if kind == "text":
            texts.append(str(block.get("text", "")))
        elif kind == "tool_use":
            arguments = msgspec.json.encode(block.get("input") or {}).decode()
            function = {"name": block.get("name"), "arguments": arguments}
            calls.append({"id": block.get("id"), "type": "function", "function": function})
        elif kind not in _THOUGHTS:
            raise unsayable(f"{at}.content.{number}.type", _CHAT)
    answer: dict[str, Any] = {"role": "assistant", "content": "".join(texts) or (None if calls else "")}
    return answer | {"tool_calls": calls} if calls else answer


def _question(blocks: list[Mapping[str, Any]], at: str) -> list[dict[str, Any]]:
    """Results of tools as messages of their own, before everything else, as chats want them; pictures that a tool gave
    follow from the user."""
    results, parts = [], []
    for number, block in enumerate(blocks):
        place = f"{at}.content.{number}"
        if block.get("type") != "tool_result":
            parts.append(_part(block, place))
            continue
        content = block.get("content") or ""
        inner = [{"type": "text", "text": content}] if isinstance(content, str) else content
        said = [_part(one, f"{place}.content.{index}") for index, one in enumerate(inner)]
        text = "\n".join(part["text"] for part in said if part["type"] == "text")
        results.append({"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": text})
        parts += [part for part in said if part["type"] != "text"]
    if not parts:
        return results
    only_text = all(part["type"] == "text" for part in parts)
    content = "\n\n".join(part["text"] for part in parts) if only_text and len(parts) == 1 else parts
    return [*results, {"role": "user", "content": content}]


def _part(block: Mapping[str, Any], at: str) -> dict[str, Any]:
    kind = block.get("type")
    source = block.get("source") or {}
    form = source.get("type")
    if kind == "text":
        return {"type": "text", "text": str(block.get("text", ""))}
    if kind == "image" and form in ("base64", "url"):
        return {"type": "image_url", "image_url": {"url": _url(source)}}
    if kind == "document" and form == "text":
        return {"type": "text", "text": str(source.get("data", ""))}
    if kind == "document" and form == "base64":
        name = block.get("title") or "document.pdf"
        return {"type": "file", "file": {"filename": name, "file_data": _url(source)}}
    raise unsayable(f"{at}.type", _CHAT)


def _url(source: Mapping[str, Any]) -> str:
    if source.get("type") == "url":
        return str(source.get("url", ""))
    return f"data:{source.get('media_type', '')};base64,{source.get('data', '')}"


def _tool(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    if tool.get("type") not in (None, "custom"):
        raise unsayable(f"{at}.type", _CHAT)
    function = {"name": tool.get("name"), "parameters": tool.get("input_schema") or {"type": "object"}}
    function |= {name: tool[name] for name in ("description", "strict") if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _tool_choice(body: Mapping[str, Any]) -> dict[str, Any]:
    choice = body.get("tool_choice")
    if not choice:
        return {}
    fields: dict[str, Any] = {}
    if choice.get("disable_parallel_tool_use"):
        fields["parallel_tool_calls"] = False
    if choice.get("type") == "tool":
        return fields | {"tool_choice": {"type": "function", "function": {"name": choice.get("name")}}}
    if choice.get("type") not in _CHOICES:
        raise unsayable("tool_choice.type", _CHAT)
    return fields | {"tool_choice": _CHOICES[choice["type"]]}


def _thinking(body: Mapping[str, Any]) -> dict[str, Any]:
    """A budget for thoughts as an effort, which is what chats know; the effort itself where it is said."""
    effort = (body.get("output_config") or {}).get("effort")
    if effort:
        return {"reasoning_effort": effort}
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return {}
    budget = int(thinking.get("budget_tokens") or 0)
    return {"reasoning_effort": next((name for most, name in _EFFORTS if budget <= most), "high")}


def _output(body: Mapping[str, Any]) -> dict[str, Any]:
    shape = (body.get("output_config") or {}).get("format") or body.get("output_format")
    if not shape:
        return {}
    if shape.get("type") != "json_schema":
        raise unsayable("output_config.format.type", _CHAT)
    schema = {"name": "answer", "schema": shape.get("schema"), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
