"""Upstreams that speak Gemini's protocol: `generateContent`, its stream, and embeddings."""

import base64
from array import array
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Operation, Reply
from loopwright.llm.protocols.chat import as_chat, reader_of, reply_of
from loopwright.llm.protocols.replies import objects
from loopwright.llm.protocols.said import reply_of_said
from loopwright.llm.protocols.unsayable import unsayable
from loopwright.llm.protocols.usage import chat_usage
from loopwright.llm.provider import HttpAsk, Provider, StreamReader
from loopwright.llm.providers.chat_to_gemini import contents_of_chat
from loopwright.llm.providers.decoding import whole_answer
from loopwright.llm.providers.gemini_answers import said_in, usage_in
from loopwright.llm.providers.gemini_stream import GeminiReader
from loopwright.llm.providers.given import headers_of, parameters_of
from loopwright.llm.providers.refusals import refusal_of
from loopwright.llm.route import Upstream

_CHAT = Ask(operation="chat", body={})
_OF = "Gemini's protocol"
_NOWHERE = frozenset({"", ".", ".."})
"""Parts of a path that lead elsewhere."""


class GeminiProvider(Provider):
    """Translates every operation; the answers say that they were created at 0, as Gemini does not tell when."""

    name = "gcp.gemini"

    def takes(self, operation: Operation) -> bool:  # noqa: ARG002 - all of them
        return True

    def request(self, upstream: Upstream, ask: Ask, secret: str) -> HttpAsk:
        headers = headers_of(upstream)
        if secret:
            headers["x-goog-api-key"] = secret
        model = upstream.model if "/" in upstream.model else f"models/{upstream.model}"
        if _NOWHERE & set(model.split("/")):  # the name is part of the path, and the path is asked with our key
            raise unsayable("model", _OF)
        path = f"/{quote(model, safe='/')}"
        if ask.operation == "embedding":
            body = _embedding(model, {**ask.body, **parameters_of(upstream, ask.body)})
            return HttpAsk(path=f"{path}:batchEmbedContents", body=msgspec.json.encode(body), headers=headers)
        chat = as_chat(ask).body
        body = contents_of_chat({**chat, **parameters_of(upstream, chat)})
        action = ":streamGenerateContent?alt=sse" if ask.stream else ":generateContent"
        return HttpAsk(path=path + action, body=msgspec.json.encode(body), headers=headers)

    def reply(self, ask: Ask, body: bytes) -> Reply:
        data = whole_answer(body)
        if ask.operation == "embedding":
            return _embeddings(ask, data)
        return reply_of(ask, reply_of_said(_CHAT, said_in(data)))

    def reader(self, ask: Ask) -> StreamReader:
        options = ask.body.get("stream_options") or {}
        tells_usage = ask.operation in ("chat", "completion") and bool(options.get("include_usage"))
        return reader_of(ask, GeminiReader(tells_usage=tells_usage))

    def refusal(self, status: int, body: bytes) -> str:
        return refusal_of(status, body)


def _embedding(model: str, body: Mapping[str, Any]) -> dict[str, Any]:
    given = body["input"]
    texts = [given] if isinstance(given, str) else given
    if not all(isinstance(text, str) for text in texts):
        raise unsayable("input", _OF)
    fields = {} if body.get("dimensions") is None else {"outputDimensionality": body["dimensions"]}
    return {"requests": [{"model": model, "content": {"parts": [{"text": text}]}, **fields} for text in texts]}


def _embeddings(ask: Ask, data: Mapping[str, Any]) -> Reply:
    """Vectors as the caller asked for them: numbers, or base64 of float32, as the stock client does."""
    embeddings = objects(data.get("embeddings"))
    if not embeddings or not all(isinstance(one.get("values"), list) for one in embeddings):
        raise UpstreamError("the upstream's answer has no embeddings", why="the body is not as the protocol has it")
    packed = ask.body.get("encoding_format") == "base64"
    usage = usage_in(data)
    model = str(ask.body.get("model") or "")
    body = {
        "object": "list", "model": model, "usage": chat_usage(usage) if usage is not None else None,
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(one["values"]) if packed else one["values"]}
            for index, one in enumerate(embeddings)
        ],
    }  # fmt: skip
    return Reply(body=msgspec.json.encode(body), usage=usage, finish="stop", model=model)


def _packed(values: list[float]) -> str:
    return base64.b64encode(array("f", values).tobytes()).decode()
