"""Chats as Gemini's contents, on the way to an upstream.

Left out, as it changes no answer: `user`, `safety_identifier`, `metadata`, `store`, `service_tier`, `prediction` (it
only hastens), the fields of `prompt_cache_`, `stream_options` (usage is always told), the `detail` of pictures,
thoughts of earlier turns. Instructions in the middle of a conversation go to its beginning, the only place for them.
Fields that nobody knows are kept: they are the vendor's own, as `safetySettings`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.llm.protocols.unsayable import refuse, unsayable

_OF = "Gemini's protocol"
_CONFIG = {
    "temperature": "temperature", "top_p": "topP", "top_k": "topK", "seed": "seed",
    "presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty",
}  # fmt: skip
_LEFT_OUT = (
    "user", "safety_identifier", "metadata", "store", "service_tier", "prediction", "prompt_cache_key",
    "prompt_cache_retention", "stream_options",
)  # fmt: skip
_TRANSLATED = frozenset({
    "model", "messages", "max_tokens", "max_completion_tokens", "tools", "tool_choice", "parallel_tool_calls", "stop",
    "n", "response_format", "reasoning_effort", "modalities", "stream", "generationConfig", *_CONFIG, *_LEFT_OUT,
})  # fmt: skip
_REFUSED = (
    "logprobs", "top_logprobs", "logit_bias", "functions", "function_call", "audio", "web_search_options", "verbosity",
    "best_of",
)  # fmt: skip
_SYSTEM = ("system", "developer")
_MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
_BUDGETS = {"none": 0, "minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576}
"""Tokens of thought by effort, as https://ai.google.dev/gemini-api/docs/openai states them."""


def contents_of_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `generateContent` that asks what this body of a chat asks.

    Raises:
        UpstreamRefusedError: It holds what Gemini cannot be told; the field is named.
    """
    refuse(body, _REFUSED, of=_OF)
    if (body.get("n") or 1) > 1:
        raise unsayable("n", _OF)
    if body.get("parallel_tool_calls") is False and body.get("tools"):
        raise unsayable("parallel_tool_calls", _OF)
    if any(kind != "text" for kind in body.get("modalities") or ()):
        raise unsayable("modalities", _OF)
    said = {name: value for name, value in body.items() if name not in _TRANSLATED and name not in _REFUSED}
    said["contents"] = _contents(body["messages"])
    system = [part for turn in body["messages"] if turn.get("role") in _SYSTEM for part in _texts(turn.get("content"))]
    if system:
        said["systemInstruction"] = {"parts": [{"text": "\n\n".join(system)}]}
    given = body.get("generationConfig") or {}
    if not isinstance(given, Mapping):
        raise unsayable("generationConfig", _OF)
    config = {**given, **_config(body)}
    if config:
        said["generationConfig"] = config
    return said | _tools(body)


def _contents(messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Turns of user and model by turns; those of one side that follow one another as one."""
    contents: list[dict[str, Any]] = []
    names = {
        call.get("id"): (call.get("function") or {}).get("name")
        for message in messages for call in message.get("tool_calls") or ()
    }  # fmt: skip
    for number, message in enumerate(messages):
        if message.get("role") in _SYSTEM:
            continue
        role, parts = _turn(message, f"messages.{number}", names)
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    return contents


def _turn(message: Mapping[str, Any], at: str, names: Mapping[Any, Any]) -> tuple[str, list[dict[str, Any]]]:
    role, content = message.get("role"), message.get("content")
    if role == "user":
        return "user", _parts(content, at)
    if role == "tool":
        name = names.get(message.get("tool_call_id"))
        if name is None:
            raise unsayable(f"{at}.tool_call_id", _OF)
        return "user", [{"functionResponse": {"name": name, "response": _result("\n".join(_texts(content)))}}]
    if role != "assistant":
        raise unsayable(f"{at}.role", _OF)
    refuse(message, ("function_call", "audio"), of=_OF)
    calls = message.get("tool_calls") or ()
    parts = _parts(content or message.get("refusal"), at)
    return "model", parts + [_call(call, f"{at}.tool_calls.{number}") for number, call in enumerate(calls)]


def _result(text: str) -> dict[str, Any]:
    """A tool's result as the object that it must be."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"result": text}
    return value if isinstance(value, dict) else {"result": value}


def _call(call: Mapping[str, Any], at: str) -> dict[str, Any]:
    """A call of a tool, with the signature of the thought that led to it, which Gemini wants back."""
    function = call.get("function")
    if not isinstance(function, Mapping):
        raise unsayable(f"{at}.type", _OF)
    try:
        given = msgspec.json.decode(function.get("arguments") or "{}")
    except msgspec.DecodeError as error:
        raise unsayable(f"{at}.function.arguments", _OF) from error
    part: dict[str, Any] = {"functionCall": {"name": function.get("name"), "args": given}}
    signature = ((call.get("extra_content") or {}).get("google") or {}).get("thought_signature")
    return part | ({"thoughtSignature": signature} if signature else {})


def _parts(content: Any, at: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [_part(part, f"{at}.content.{number}") for number, part in enumerate(content or ())]


def _part(part: Any, at: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"text": part}
    kind = part.get("type")
    if kind in ("text", "refusal"):
        return {"text": str(part.get("text") or part.get("refusal") or "")}
    if kind == "image_url":
        image = part.get("image_url")
        return _inline(image.get("url") if isinstance(image, Mapping) else image, f"{at}.image_url.url")
    if kind == "file":
        return _inline((part.get("file") or {}).get("file_data"), f"{at}.file.file_data")
    if kind == "input_audio":
        audio = part.get("input_audio") or {}
        return {"inlineData": {"mimeType": f"audio/{audio.get('format')}", "data": audio.get("data")}}
    raise unsayable(f"{at}.type", _OF)


def _inline(url: Any, at: str) -> dict[str, Any]:
    """Only what comes with the request: the addresses that Gemini may fetch are its own storage's."""
    head, comma, data = str(url or "").partition(",")
    media, _, coding = head[5:].partition(";")
    if not head.startswith("data:") or not comma or not coding.endswith("base64"):
        raise unsayable(at, _OF)
    return {"inlineData": {"mimeType": media, "data": data}}


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content] if content else []
    return [str(part.get("text", "")) for part in content or () if isinstance(part, Mapping)]


def _config(body: Mapping[str, Any]) -> dict[str, Any]:
    config = {theirs: body[ours] for ours, theirs in _CONFIG.items() if body.get(ours) is not None}
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit:
        config["maxOutputTokens"] = limit
    stop = body.get("stop")
    if stop:
        config["stopSequences"] = [stop] if isinstance(stop, str) else list(stop)
    effort = body.get("reasoning_effort")
    if effort:
        if effort not in _BUDGETS:
            raise unsayable("reasoning_effort", _OF)
        config["thinkingConfig"] = {"thinkingBudget": _BUDGETS[effort]}
    shape = body.get("response_format") or {"type": "text"}
    if shape.get("type") == "json_schema":
        schema = (shape.get("json_schema") or {}).get("schema")
        config |= {"responseMimeType": "application/json", "responseJsonSchema": schema}
    elif shape.get("type") == "json_object":
        config["responseMimeType"] = "application/json"
    elif shape.get("type") != "text":
        raise unsayable("response_format.type", _OF)
    return config


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    tools = body.get("tools") or ()
    if tools:
        declared = [_tool(tool, f"tools.{number}") for number, tool in enumerate(tools)]
        fields["tools"] = [{"functionDeclarations": declared}]
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        if choice.get("type") != "function":
            raise unsayable("tool_choice.type", _OF)
        names = [(choice.get("function") or {}).get("name")]
        fields["toolConfig"] = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": names}}
    elif choice is not None:
        if choice not in _MODES:
            raise unsayable("tool_choice", _OF)
        fields["toolConfig"] = {"functionCallingConfig": {"mode": _MODES[choice]}}
    return fields


def _tool(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, Mapping):
        raise unsayable(f"{at}.type", _OF)
    declared = {"name": function.get("name")}
    if function.get("description"):
        declared["description"] = function["description"]
    return declared | ({"parametersJsonSchema": function["parameters"]} if function.get("parameters") else {})
