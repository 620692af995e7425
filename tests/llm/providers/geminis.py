"""A Gemini upstream, and answers of one, that tests share."""

import json
from itertools import pairwise

from hypothesis import strategies as st
from tests.llm.protocols.clients import (
    MESSAGES,
)

from loopwright.llm.ask import Ask, Usage
from loopwright.llm.providers.gemini import GeminiProvider
from loopwright.llm.route import Upstream

PROVIDER = GeminiProvider()
UPSTREAM = Upstream(name="g", api="gemini", url="https://generativelanguage.googleapis.com/v1beta", model="gemini-x")
USAGE = Usage(input_tokens=12, output_tokens=9, cache_read_tokens=4, reasoning_tokens=3)
COUNTS = {"promptTokenCount": 10, "candidatesTokenCount": 6, "thoughtsTokenCount": 3, "cachedContentTokenCount": 4,
          "toolUsePromptTokenCount": 2, "totalTokenCount": 21}  # fmt: skip


def chat(**body):
    return Ask(operation="chat", body={"model": "m", "messages": MESSAGES, **body}, stream=bool(body.get("stream")))


def sent(ask):
    return json.loads(PROVIDER.request(UPSTREAM, ask, "").body)


def answer(*parts, reason="STOP", **fields):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    known = {"usageMetadata": COUNTS, "modelVersion": "gemini-x-001", "responseId": "r1"}
    return {"candidates": [candidate], **known, **fields}


CALL = {"functionCall": {"name": "find", "args": {"q": "ü"}}, "thoughtSignature": "sig"}


def replied(data, ask=None):
    return PROVIDER.reply(ask or chat(), json.dumps(data).encode())


def event(data):
    return b"data: " + json.dumps(data).encode() + b"\r\n\r\n"


def stream(text, thought="", calls=(), reason="STOP"):
    events = [event(answer({"text": one, "thought": True}, reason=None)) for one in thought]
    events += [event(answer({"text": one}, reason=None)) for one in text]
    events += [event(answer({"functionCall": {"name": "find", "args": args}}, reason=None)) for args in calls]
    return [*events, event(answer({"text": ""}, reason=reason))]


def read(events, ask, cuts=()):
    reader = PROVIDER.reader(ask)
    whole = b"".join(events)
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    pieces = [piece for a, b in pairwise(places) for piece in reader.feed(whole[a:b])]
    return [*pieces, *reader.end()], reader


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=10)
TELLING = chat(stream=True, stream_options={"include_usage": True})
