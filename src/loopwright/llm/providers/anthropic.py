"""Upstreams that speak Anthropic's protocol."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.protocols.chat import as_chat, reader_of, reply_of
from loopwright.llm.protocols.raw_fields import with_fields
from loopwright.llm.protocols.replies import message_reply
from loopwright.llm.protocols.said import Said, ToolCall, reply_of_said
from loopwright.llm.provider import HttpAsk, Provider, StreamReader
from loopwright.llm.providers.chat_to_message import message_of_chat
from loopwright.llm.providers.decoding import whole_answer
from loopwright.llm.providers.given import headers_of, parameters_of
from loopwright.llm.providers.message_stream import MessageAsChatReader, MessageReader
from loopwright.llm.providers.refusals import refusal_of
from loopwright.llm.route import Upstream

VERSION = "2023-06-01"
"""The version of the protocol that this file is written for; an upstream's header may name another."""
_CHAT = Ask(operation="chat", body={})


class AnthropicProvider(Provider):
    """Passes messages on as they came, with the upstream's model; chats, completions and responses are translated.

    A chat made of a message says that it was created at 0: messages do not tell when.
    """

    name = "anthropic"

    def takes(self, operation: Operation) -> bool:
        return operation != "embedding"

    def request(self, upstream: Upstream, ask: Ask, secret: str) -> HttpAsk:
        headers = {"anthropic-version": VERSION, **headers_of(upstream)}
        if secret:
            headers["x-api-key"] = secret
        return HttpAsk(path="/messages", body=_body(upstream, ask), headers=headers)

    def reply(self, ask: Ask, body: bytes) -> Reply:
        data = whole_answer(body)
        reply = message_reply(body, data)
        if ask.operation == "message":
            return reply
        return reply_of(ask, reply_of_said(_CHAT, _said(reply, data)))

    def reader(self, ask: Ask) -> StreamReader:
        if ask.operation == "message":
            return MessageReader()
        options = ask.body.get("stream_options") or {}
        return reader_of(ask, MessageAsChatReader(tells_usage=bool(options.get("include_usage"))))

    def refusal(self, status: int, body: bytes) -> str:
        return refusal_of(status, body)


def _body(upstream: Upstream, ask: Ask) -> bytes:
    if ask.operation != "message":
        chat = as_chat(ask).body
        body = message_of_chat({**chat, **parameters_of(upstream, chat)})
        return msgspec.json.encode({**body, "model": upstream.model})
    fields = parameters_of(upstream, ask.body)
    fields["model"] = upstream.model
    if ask.raw:
        return with_fields(ask.raw, fields)
    merged = {**ask.body, **fields}
    return msgspec.json.encode({name: value for name, value in merged.items() if value is not None})


def _said(reply: Reply, data: Mapping[str, Any]) -> Said:
    blocks = [block for block in data["content"] if isinstance(block, Mapping)]
    calls = [
        ToolCall(id=str(block.get("id") or ""), name=str(block.get("name") or ""),
                 arguments=msgspec.json.encode(block.get("input") or {}).decode())
        for block in blocks if block.get("type") == "tool_use"
    ]  # fmt: skip
    thoughts = [str(block.get("thinking") or "") for block in blocks if block.get("type") == "thinking"]
    return Said(
        text=reply.text, model=reply.model or "", id=reply.id or "", created=0, tool_calls=tuple(calls),
        reasoning="".join(thoughts), finish=reply.finish or "stop", usage=reply.usage,
    )  # fmt: skip
