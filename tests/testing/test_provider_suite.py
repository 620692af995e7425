"""The suites of providers and their readers over each provider, as it is and within the wrapper that routes use."""

import ast
import json
from pathlib import Path

import pytest
from tests.llm.protocols.clients import chat_chunks, completion_chunks, message_final, response_events

from loopwright.llm.ask import Usage
from loopwright.llm.providers.anthropic import AnthropicProvider
from loopwright.llm.providers.careful_provider import CarefulProvider
from loopwright.llm.providers.gemini import GeminiProvider
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.testing.provider_suite import ProviderSuite, Sent
from loopwright.testing.stream_reader_suite import StreamReaderSuite

ROOT = Path(__file__).parents[2]
WORDS = ("hé", "llo ", "wörld")
TEXT = "".join(WORDS)
USAGE = Usage(input_tokens=9, output_tokens=3)
CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
VECTORS = {"object": "list", "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1},
           "data": [{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}]}  # fmt: skip


def event(body, name=""):
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(body).encode() + b"\n\n"


def named(body):
    return event(body, body["type"])


def heard(operation, stream):
    if operation == "message":
        message = message_final([stream])
        return "".join(block.text for block in message.content if block.type == "text")
    if operation == "chat":
        return "".join(one.choices[0].delta.content or "" for one in chat_chunks([stream]) if one.choices)
    if operation == "completion":
        return "".join(one.choices[0].text or "" for one in completion_chunks([stream]) if one.choices)
    events = response_events([stream])
    assert events[-1].type in ("response.completed", "response.incomplete")
    return "".join(one.delta for one in events if one.type == "response.output_text.delta")


def chat_events(plain=False):
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m"}

    def chunk(delta, finish=None):
        said = {"text": delta.get("content", "")} if plain else {"delta": delta}
        return event({**head, "choices": [{"index": 0, "finish_reason": finish, **said}]})

    said = [chunk({"content": word}) for word in WORDS]
    ends = [chunk({}, "stop"), event({**head, "choices": [], "usage": CHAT_USAGE}), b"data: [DONE]\n\n"]
    return [chunk({"role": "assistant", "content": ""}), *said, *ends]


def openai_sent():
    about = {"id": "c1", "created": 5, "model": "m", "usage": CHAT_USAGE}
    choice = {"index": 0, "finish_reason": "stop"}
    chat = {
        **about,
        "object": "chat.completion",
        "choices": [{**choice, "message": {"role": "assistant", "content": TEXT}}],
    }
    completion = {**about, "object": "text_completion", "choices": [{**choice, "text": TEXT}]}
    part = {"type": "output_text", "text": TEXT, "annotations": []}
    item = {"id": "i1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    response = {"id": "r1", "object": "response", "created_at": 5, "model": "m", "status": "completed",
                "output": [item], "parallel_tool_calls": True, "tools": [], "tool_choice": "auto",
                "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}}  # fmt: skip
    at = {"output_index": 0, "item_id": "i1", "content_index": 0}
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    events = [
        {"type": "response.created", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *({"type": "response.output_text.delta", **at, "delta": word, "logprobs": []} for word in WORDS),
        {"type": "response.output_text.done", **at, "text": TEXT, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    streamed = [named({**one, "sequence_number": number}) for number, one in enumerate(events)]
    whole = {"chat": chat, "completion": completion, "message": chat, "response": response, "embedding": VECTORS}
    return Sent(
        text=TEXT, usage=USAGE, whole={name: json.dumps(body).encode() for name, body in whole.items()},
        events={"chat": chat_events(), "completion": chat_events(plain=True), "message": chat_events(),
                "response": streamed},
        error=event({"error": {"message": "overloaded"}}),
    )  # fmt: skip


def anthropic_sent():
    message = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
               "stop_sequence": None, "content": [{"type": "text", "text": TEXT}],
               "usage": {"input_tokens": 9, "output_tokens": 3}}  # fmt: skip
    begun = {**message, "content": [], "stop_reason": None, "usage": {"input_tokens": 9, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    operations = ("chat", "completion", "response", "message")
    return Sent(
        text=TEXT, usage=USAGE, whole=dict.fromkeys(operations, json.dumps(message).encode()),
        events=dict.fromkeys(operations, tuple(map(named, events))),
        error=named({"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}),
    )  # fmt: skip


def gemini_sent():
    def answer(text, **fields):
        about = {"responseId": "g1", "modelVersion": "m",
                 "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3}}  # fmt: skip
        return {
            "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **fields}],
            **about,
        }

    events = [event(answer(word)) for word in WORDS] + [event(answer("", finishReason="STOP"))]
    operations = ("chat", "completion", "response", "message")
    whole = dict.fromkeys(operations, json.dumps(answer(TEXT, finishReason="STOP")).encode())
    vectors = json.dumps({"embeddings": [{"values": [1.0, 2.0]}]}).encode()
    return Sent(
        text=TEXT, usage=USAGE, whole={**whole, "embedding": vectors}, events=dict.fromkeys(operations, tuple(events)),
        error=event({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}),
    )  # fmt: skip


KINDS = {
    "openai": (OpenAIProvider, openai_sent), "anthropic": (AnthropicProvider, anthropic_sent),
    "gemini": (GeminiProvider, gemini_sent),
}  # fmt: skip


class OverStockClients(ProviderSuite, StreamReaderSuite):
    def heard(self, operation, stream):
        return heard(operation, stream)


class TestOpenAIProvider(OverStockClients):
    implementation = OpenAIProvider

    @pytest.fixture
    def provider(self):
        return OpenAIProvider()

    @pytest.fixture
    def sent(self):
        return openai_sent()


class TestAnthropicProvider(OverStockClients):
    implementation = AnthropicProvider

    @pytest.fixture
    def provider(self):
        return AnthropicProvider()

    @pytest.fixture
    def sent(self):
        return anthropic_sent()


class TestGeminiProvider(OverStockClients):
    implementation = GeminiProvider

    @pytest.fixture
    def provider(self):
        return GeminiProvider()

    @pytest.fixture
    def sent(self):
        return gemini_sent()


@pytest.mark.parametrize("kind", list(KINDS))
class TestCarefulProvider(OverStockClients):
    implementation = CarefulProvider

    @pytest.fixture
    def provider(self, kind):
        return CarefulProvider(KINDS[kind][0]())

    @pytest.fixture
    def sent(self, kind):
        return KINDS[kind][1]()


def test_every_provider_is_in_the_suite():
    files = [
        path for folder in ("llm", "integrations") for path in (ROOT / "src" / "loopwright" / folder).rglob("*.py")
    ]
    classes = [
        node for path in files for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)
    ]
    providers = {node.name for node in classes if "Provider" in [ast.unparse(base) for base in node.bases]}
    tested = {OpenAIProvider, AnthropicProvider, GeminiProvider, CarefulProvider}
    assert providers == {kind.__name__ for kind in tested}, "subclass ProviderSuite for these"
