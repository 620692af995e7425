"""Upstreams that speak OpenAI's protocol: OpenAI, vLLM, Ollama, TGI, llama.cpp, `transformers serve`, most vendors."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.protocols.chat import as_chat, reader_of, reply_of
from loopwright.llm.protocols.raw_fields import with_fields
from loopwright.llm.protocols.replies import reply_in
from loopwright.llm.provider import HttpAsk, Provider, StreamReader
from loopwright.llm.providers.chat_stream import ChatReader
from loopwright.llm.providers.decoding import whole_answer
from loopwright.llm.providers.given import parameters_of
from loopwright.llm.providers.refusals import refusal_of
from loopwright.llm.providers.response_stream import ResponseReader
from loopwright.llm.route import Upstream

_PATHS: dict[Operation, str] = {
    "chat": "/chat/completions",
    "completion": "/completions",
    "embedding": "/embeddings",
    "response": "/responses",
    "message": "/chat/completions",
}
_MESSAGE_CHAT = Ask(operation="chat", body={"stream_options": {"include_usage": True}}, stream=True)
_VENDOR_HOSTS = ("api.openai.com", ".openai.azure.com")


class OpenAIProvider(Provider):
    """Passes bodies on as they came, with the upstream's model in place of the caller's; messages go as chats.

    `max_tokens` of a chat is said as `max_completion_tokens` to OpenAI itself, whose newer models know no other.
    """

    name = "openai"

    def takes(self, operation: Operation) -> bool:
        return operation in _PATHS

    def request(self, upstream: Upstream, ask: Ask, secret: str) -> HttpAsk:
        if ask.operation == "message":
            ask = as_chat(ask)
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
        if ask.operation == "message":
            return reply_of(ask, reply_in("chat", body, whole_answer(body)))
        return reply_in(ask.operation, body, whole_answer(body))

    def reader(self, ask: Ask) -> StreamReader:
        if ask.operation == "message":
            return reader_of(ask, ChatReader(_MESSAGE_CHAT))
        return ResponseReader() if ask.operation == "response" else ChatReader(ask)

    def refusal(self, status: int, body: bytes) -> str:
        return refusal_of(status, body)


def _fields(upstream: Upstream, ask: Ask) -> dict[str, Any]:
    """What of the body is the upstream's; a value that is None is taken away."""
    body = ask.body
    fields = parameters_of(upstream, body)
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
