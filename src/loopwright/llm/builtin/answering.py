"""The built-in model behind an upstream's protocol: bodies in, bodies out, without a connection between."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.codec import to_json
from loopwright.core.hashing import digest_bytes
from loopwright.llm.builtin.extractive import answer
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.local_upstream import LocalAnswer, refused
from loopwright.llm.provider import HttpAsk

MODEL = "extractive"
_WORD = re.compile(r"\s*\S+|\s+$")
_DIMENSIONS = 256


def answered(ask: HttpAsk) -> LocalAnswer:
    """The answer to a request in OpenAI's protocol."""
    try:
        body = msgspec.json.decode(ask.body, type=dict[str, Any]) if ask.body else {}
    except msgspec.MsgspecError as error:
        return refused(400, f"the body is no JSON object: {error}")
    if ask.path == "/chat/completions":
        return _chat(body)
    if ask.path == "/embeddings":
        return _embeddings(body)
    return refused(404, f"the built-in model does not answer {ask.path}")


def _chat(body: Mapping[str, Any]) -> LocalAnswer:
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return refused(400, "'messages' must be a list of objects")
    words = _WORD.findall(answer(messages))
    most = body.get("max_tokens") or body.get("max_completion_tokens")
    said = words[:most] if isinstance(most, int) and most > 0 else words
    finish = "stop" if len(said) == len(words) else "length"
    spent = len(_WORD.findall("\n".join(str(message.get("content") or "") for message in messages)))
    usage = {"prompt_tokens": spent, "completion_tokens": len(said), "total_tokens": spent + len(said)}
    about = {"id": f"chatcmpl-{digest_bytes(to_json(body))[:24]}", "created": 0, "model": MODEL}
    if body.get("stream"):
        return LocalAnswer(
            status=200, media_type=b"text/event-stream", body=_events(body, about, said, ended=(finish, usage))
        )
    choice = {
        "index": 0, "finish_reason": finish, "logprobs": None,
        "message": {"role": "assistant", "content": "".join(said), "refusal": None},
    }  # fmt: skip
    whole = {**about, "object": "chat.completion", "choices": [choice], "usage": usage}
    return LocalAnswer(status=200, media_type=b"application/json", body=to_json(whole))


def _events(
    body: Mapping[str, Any], about: Mapping[str, Any], said: list[str], *, ended: tuple[str, Mapping[str, int]]
) -> bytes:
    finish, usage = ended
    head = {**about, "object": "chat.completion.chunk"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in said]
    deltas.append(({}, finish))
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": why}]} for delta, why in deltas
    ]
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        chunks.append({**head, "choices": [], "usage": usage})
    return b"".join(b"data: %b\n\n" % to_json(chunk) for chunk in chunks) + b"data: [DONE]\n\n"


def _embeddings(body: Mapping[str, Any]) -> LocalAnswer:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        return refused(400, "'input' must be a text or a list of texts")
    vectors = HashingEmbedder(_DIMENSIONS).embed(texts)
    spent = sum(len(_WORD.findall(text)) for text in texts)
    data = [{"object": "embedding", "index": n, "embedding": row.tolist()} for n, row in enumerate(vectors)]
    usage = {"prompt_tokens": spent, "total_tokens": spent}
    whole = {"object": "list", "data": data, "model": MODEL, "usage": usage}
    return LocalAnswer(status=200, media_type=b"application/json", body=to_json(whole))
