"""Upstreams that speak OpenAI's protocol: OpenAI, vLLM, Ollama, TGI, llama.cpp, `transformers serve`, most vendors."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.protocols.raw_fields import with_fields
from loopwright.llm.protocols.usage import usage_of_chat
from loopwright.llm.provider import HttpAsk, Provider, StreamReader
from loopwright.llm.providers.chat_stream import ChatReader
from loopwright.llm.providers.decoding import objects, whole_answer
from loopwright.llm.providers.refusals import refusal_of
from loopwright.llm.providers.response_stream import ResponseReader, response_reply
from loopwright.llm.route import Upstream

_PATHS: dict[Operation, str] = {
    "chat": "/chat/completions",
    "completion": "/completions",
    "embedding": "/embeddings",
    "response": "/responses",
}
_VENDOR_HOSTS = ("api.openai.com", ".openai.azure.com")


class OpenAIProvider(Provider):
    """Passes bodies on as they came, with the upstream's model in place of the caller's.

    `max_tokens` of a chat is said as `max_completion_tokens` to OpenAI itself, whose newer models know no other.
    """

    name = "openai"

    def takes(self, operation: Operation) -> bool:
        return operation in _PATHS

    def request(self, upstream: Upstream, ask: Ask, secret: str) -> HttpAsk:
        fields = _fields(upstream, ask)
        if ask.raw:
            body = with_fields(ask.raw, fields)
        else:
            merged = {**ask.body, **fields}
            body = msgspec.json.encode({name: value for name, value in merged.items() if value is not None})
        headers = {
            "content-type": "application/json",
            **{name.lower(): text for name, text in upstream.headers.items()},
        }
        if secret:
            headers["authorization"] = f"Bearer {secret}"
        return HttpAsk(path=_PATHS[ask.operation], body=body, headers=headers)

    def reply(self, ask: Ask, body: bytes) -> Reply:
        data = whole_answer(body)
        if ask.operation == "response":
            return response_reply(body, data)
        if ask.operation == "embedding":
            return _embeddings(body, data)
        return chat_reply(body, data)

    def reader(self, ask: Ask) -> StreamReader:
        return ResponseReader() if ask.operation == "response" else ChatReader(ask)

    def refusal(self, status: int, body: bytes) -> str:
        return refusal_of(status, body)


def headers_of(upstream: Upstream) -> dict[str, str]:
    """What every request to the upstream says, without its key."""
    return {"content-type": "application/json", **{name.lower(): value for name, value in upstream.headers.items()}}


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


def _fields(upstream: Upstream, ask: Ask) -> dict[str, Any]:
    """What of the body is the upstream's; a value that is None is taken away."""
    body = ask.body
    fields = {name: value for name, value in upstream.parameters.items() if name not in body}
    fields["model"] = upstream.model
    streams_chat = ask.stream and ask.operation in ("chat", "completion")
    if streams_chat and "stream_options" not in fields:
        options = body.get("stream_options") or {}
        if not options.get("include_usage"):
            fields["stream_options"] = {**options, "include_usage": True}
    if ask.operation == "chat" and _is_vendor(upstream.url) and body.get("max_tokens") is not None:
        fields["max_tokens"] = None
        fields.setdefault("max_completion_tokens", body.get("max_completion_tokens") or body["max_tokens"])
    return fields


def _is_vendor(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith(_VENDOR_HOSTS)


def _embeddings(body: bytes, data: Mapping[str, Any]) -> Reply:
    if not isinstance(data.get("data"), list):
        raise UpstreamError("the upstream's answer has no embeddings", why="the body is not as the protocol has it")
    return Reply(body=body, usage=usage_of_chat(data.get("usage")), finish="stop", model=_string(data.get("model")))


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
