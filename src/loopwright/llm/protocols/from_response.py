"""OpenAI's responses as chats.

Left out, as it changes no answer: `store` (nothing is kept), `include` and `reasoning.summary` (they ask for more to
be shown), `truncation: disabled`, thoughts of earlier turns. Fields that nobody knows are kept: a vendor's extras.
"""

from collections.abc import Mapping
from typing import Any

from loopwright.llm.protocols.unsayable import refuse, unsayable

_CHAT = "a chat"
_TRANSLATED = frozenset({
    "instructions", "input", "tools", "tool_choice", "text", "reasoning", "max_output_tokens", "store", "include",
    "truncation", "stream_options",
})  # fmt: skip
_REFUSED = (
    "previous_response_id", "conversation", "prompt", "background", "max_tool_calls", "top_logprobs",
    "context_management",
)  # fmt: skip


def chat_of_response(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat that asks what this body of a response asks.

    Raises:
        UpstreamRefusedError: It holds what a chat cannot say; the field is named.
    """
    refuse(body, _REFUSED, of=_CHAT)
    if body.get("truncation") == "auto":
        raise unsayable("truncation", _CHAT)
    chat: dict[str, Any] = {
        name: value for name, value in body.items() if name not in _TRANSLATED and name not in _REFUSED
    }
    chat["messages"] = [*_instructions(body.get("instructions")), *_turns(body.get("input"))]
    if body.get("max_output_tokens") is not None:
        chat["max_tokens"] = body["max_output_tokens"]
    if body.get("tools"):
        chat["tools"] = [_tool(tool, f"tools.{number}") for number, tool in enumerate(body["tools"])]
    effort = (body.get("reasoning") or {}).get("effort")
    if effort:
        chat["reasoning_effort"] = effort
    return chat | _tool_choice(body.get("tool_choice")) | _text(body.get("text") or {})


def _instructions(instructions: Any) -> list[dict[str, Any]]:
    if isinstance(instructions, list):
        return _turns(instructions)
    return [{"role": "system", "content": instructions}] if instructions else []


def _turns(given: Any) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    turns: list[dict[str, Any]] = []
    for number, item in enumerate(given or ()):
        turn = _turn(item, f"input.{number}")
        if turn is None:
            continue
        last = turns[-1] if turns else {}
        if turn.get("tool_calls") and last.get("role") == "assistant":
            last["tool_calls"] = [*last.get("tool_calls", ()), *turn["tool_calls"]]
        else:
            turns.append(turn)
    return turns


def _turn(item: Mapping[str, Any], at: str) -> dict[str, Any] | None:
    kind = item.get("type", "message")
    if kind == "reasoning":
        return None
    if kind == "message":
        role = item.get("role")
        return {"role": "system" if role == "developer" else role, "content": _content(item.get("content"), role, at)}
    if kind == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments") or "{}"}
        call = {"id": item.get("call_id"), "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    if kind == "function_call_output":
        output = item.get("output")
        said = output if isinstance(output, str) else _joined(output, at)
        return {"role": "tool", "tool_call_id": item.get("call_id"), "content": said}
    raise unsayable(f"{at}.type", _CHAT)


def _content(content: Any, role: Any, at: str) -> Any:
    if isinstance(content, str) or content is None:
        return content or ""
    parts = [_part(part, f"{at}.content.{number}") for number, part in enumerate(content)]
    if role == "assistant" or all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts if part["type"] == "text")
    return parts


def _joined(output: Any, at: str) -> str:
    parts = [_part(part, f"{at}.output.{number}") for number, part in enumerate(output or ())]
    for number, part in enumerate(parts):
        if part["type"] != "text":
            raise unsayable(f"{at}.output.{number}.type", _CHAT)
    return "\n".join(part["text"] for part in parts)


def _part(part: Any, at: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": str(part.get("text", ""))}
    if kind == "refusal":
        return {"type": "text", "text": str(part.get("refusal", ""))}
    if kind == "input_image" and part.get("image_url"):
        image = {"url": part["image_url"]} | ({"detail": part["detail"]} if part.get("detail") else {})
        return {"type": "image_url", "image_url": image}
    if kind == "input_file" and part.get("file_data"):
        return {"type": "file", "file": {"filename": part.get("filename") or "file", "file_data": part["file_data"]}}
    if kind == "input_audio":
        return {"type": "input_audio", "input_audio": part.get("input_audio")}
    raise unsayable(f"{at}.type", _CHAT)


def _tool(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise unsayable(f"{at}.type", _CHAT)
    names = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {name: tool[name] for name in names if tool.get(name) is not None}}


def _tool_choice(choice: Any) -> dict[str, Any]:
    if choice is None or isinstance(choice, str):
        return {} if choice is None else {"tool_choice": choice}
    if choice.get("type") != "function":
        raise unsayable("tool_choice.type", _CHAT)
    return {"tool_choice": {"type": "function", "function": {"name": choice.get("name")}}}


def _text(text: Mapping[str, Any]) -> dict[str, Any]:
    fields = {"verbosity": text["verbosity"]} if text.get("verbosity") else {}
    shape = text.get("format") or {"type": "text"}
    if shape.get("type") == "text":
        return fields
    if shape.get("type") != "json_schema":
        return fields | {"response_format": dict(shape)}
    schema = {name: value for name, value in shape.items() if name != "type"}
    return fields | {"response_format": {"type": "json_schema", "json_schema": schema}}
