"""Whatever an upstream sends: an answer whose fields are of their types, or an UpstreamError; never an accident."""

import json
import traceback
from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.llm.protocols.chats import ask_of

from loopwright.errors import UpstreamError
from loopwright.llm.ask import OPERATIONS, Outcome, Piece, Reply
from loopwright.llm.protocols.chat import reader_of, reply_of
from loopwright.llm.protocols.texts import reply_texts, with_reply_texts
from loopwright.llm.providers.table import provider_of

APIS = ("openai", "anthropic", "gemini")
WORDS = st.sampled_from([
    "", "x", "stop", "tool_calls", "message_start", "message_delta", "message_stop", "content_block_start",
    "content_block_delta", "content_block_stop", "text_delta", "input_json_delta", "thinking_delta", "text", "tool_use",
    "response.created", "response.output_item.added", "response.output_text.delta", "response.completed",
    "response.function_call_arguments.delta", "response.output_text.done", "response.output_item.done",
    "response.failed", "response.incomplete", "message", "function_call", "output_text", "completed", "failed", "STOP",
    "MAX_TOKENS", "end_turn", "{}", "thinking", "reasoning",
])  # fmt: skip
NAMES = st.sampled_from([
    "id", "model", "created", "choices", "index", "message", "delta", "content", "text", "finish_reason", "tool_calls",
    "function", "name", "arguments", "function_call", "reasoning_content", "refusal", "usage", "prompt_tokens",
    "input_tokens", "output_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens", "type",
    "partial_json", "content_block", "thinking", "input", "stop_reason", "item", "response", "output", "output_index",
    "content_index", "item_id", "part", "status", "sequence_number", "incomplete_details", "reason", "candidates",
    "parts", "functionCall", "args", "usageMetadata", "promptTokenCount", "finishReason", "responseId", "modelVersion",
    "promptFeedback", "blockReason", "embeddings", "values", "data", "error", "code", "summary", "annotations",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
GOOD = {
    "openai": [
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m",
         "choices": [{"index": 0, "finish_reason": "stop", "text": "t", "message": {"role": "assistant", "content": "t",
            "tool_calls": [{"id": "i", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}],
         "data": [{"embedding": [1.0]}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}},
        {"id": "r", "status": "completed", "model": "m", "output": [
            {"id": "o", "type": "message", "content": [{"type": "output_text", "text": "t", "annotations": []}]},
            {"id": "p", "type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"}],
         "usage": {"input_tokens": 1, "output_tokens": 1}},
    ],
    "anthropic": [
        {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
         "content": [{"type": "text", "text": "t"}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}],
         "usage": {"input_tokens": 1, "output_tokens": 1}},
    ],
    "gemini": [
        {"candidates": [{"content": {"parts": [{"text": "t"}, {"functionCall": {"name": "f", "args": {}}}]},
                         "finishReason": "STOP"}], "responseId": "r", "modelVersion": "m",
         "usageMetadata": {"promptTokenCount": 1}, "embeddings": [{"values": [1.0]}]},
    ],
}  # fmt: skip
EVENTS = {
    "openai": [
        {"id": "c", "created": 1, "model": "m", "choices": [{"index": 0, "text": "t", "delta": {"content": "t"}}]},
        {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 0, "id": "i", "function": {"name": "f", "arguments": "{}"}}]}}]},
        {"id": "c", "choices": [{"index": 0, "delta": {"function_call": {"name": "f", "arguments": "{}"}}}]},
        {"id": "c", "choices": [{"index": 0, "delta": {"reasoning_content": "t", "refusal": "r"}}]},
        {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}},
        {"type": "response.created", "sequence_number": 0, "response": {"id": "r", "model": "m", "output": []}},
        {"type": "response.output_item.added", "item": {"id": "o", "type": "message", "content": []}},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "o", "delta": "t"},
        {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "item_id": "o", "text": "t"},
        {"type": "response.output_item.done", "output_index": 0, "item": {"id": "o", "type": "message", "content": [
            {"type": "output_text", "text": "t"}]}},
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [], "usage": {
            "input_tokens": 1, "output_tokens": 1}}},
    ],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m", "model": "m", "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "t"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ],
    "gemini": GOOD["gemini"],
}  # fmt: skip
WORDS_OF_AN_ANSWER = "my" + " words"
ODD_EVENT = (
    b"event: content_block_start\ndata: %s\n\n"
    % json.dumps({"type": "content_block_start", "index": WORDS_OF_AN_ANSWER}).encode()
)
ODD_BODY = json.dumps({"embeddings": [{"values": [WORDS_OF_AN_ANSWER]}]}).encode()
FUZZ = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


def places(value, path=()):
    """The place of every value within a value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places(one, (*path, name))


def put(value, path, other):
    if not path:
        return other
    if isinstance(value, dict):
        return {name: put(one, path[1:], other) if name == path[0] else one for name, one in value.items()}
    return [put(one, path[1:], other) if at == path[0] else one for at, one in enumerate(value)]


@st.composite
def altered(draw, examples):
    """A good value with another one somewhere in it; sometimes one that is nothing but odd."""
    value = draw(st.sampled_from(examples))
    for _ in range(draw(st.integers(0, 2))):
        value = put(value, draw(st.sampled_from(list(places(value)))), draw(VALUES))
    return draw(st.one_of(st.just(value), st.just(value), st.just(value), st.dictionaries(NAMES, VALUES, max_size=4)))


CASES = st.sampled_from(APIS).flatmap(
    lambda api: st.tuples(st.just(api), altered(GOOD[api]), st.lists(altered(EVENTS[api]), max_size=7))
)


def checked(value):
    """The value, whose fields are of the types that its class declares."""
    assert msgspec.convert(msgspec.to_builtins(value), type(value), strict=True) == value
    return value


@given(CASES, st.sampled_from(OPERATIONS))
@FUZZ
def test_a_whole_answer_is_read_or_the_upstreams_error(case, operation):
    api, body, _ = case
    provider = provider_of(api)
    if not provider.takes(operation):
        return
    ask = ask_of(operation)
    with suppress(UpstreamError):
        reply = checked(provider.reply(ask, json.dumps(body).encode()))
        assert isinstance(reply, Reply)
        texts = reply_texts(ask, reply)
        with_reply_texts(ask, reply, type(texts)(*([text + "!" for text in some] for some in texts)))
        if operation == "chat":
            for other in ("completion", "message", "response"):
                checked(reply_of(ask_of(other), reply))


@given(CASES, st.sampled_from(OPERATIONS), st.booleans(), st.booleans(), st.sampled_from(["", "message", "response"]))
@FUZZ
def test_a_stream_is_read_or_the_upstreams_error(case, operation, texts, stops, told):
    api, _, events = case
    provider = provider_of(api)
    if operation == "embedding" or not provider.takes(operation):
        return
    reader = provider.reader(ask_of(operation, stream=True))
    if told and operation == "chat":
        reader = reader_of(ask_of(told, stream=True), reader)
    reader.texts = texts
    with suppress(UpstreamError):
        for event in [*events, None]:
            kind = event.get("type") if isinstance(event, dict) else None
            name = f"event: {kind}\n" if isinstance(kind, str) else ""
            raw = b"data: [DONE]\n\n" if event is None else f"{name}data: {json.dumps(event)}\n\n".encode()
            for piece in reader.feed(raw):
                checked(piece)
                assert isinstance(piece, Piece)
                if texts:
                    assert isinstance(reader.with_text(piece, "other"), bytes)
            assert isinstance(checked(reader.outcome), Outcome)
        assert isinstance(reader.stopped("content_filter"), bytes) if stops else reader.end() is not None


@given(
    st.sampled_from(APIS),
    st.integers(200, 599),
    st.binary(max_size=40) | VALUES.map(lambda one: json.dumps(one).encode()),
)
@FUZZ
def test_a_refusal_is_told_in_words_whatever_came(api, status, body):
    said = provider_of(api).refusal(status, body)
    assert said
    assert len(said) <= 500


def told_of(error):
    return "".join(traceback.format_exception(error)) + str(error.as_dict())


@pytest.mark.parametrize("texts", [True, False])
def test_the_error_of_an_odd_answer_holds_none_of_it(texts):
    reader = provider_of("anthropic").reader(ask_of("message", stream=True))
    reader.texts = texts
    with pytest.raises(UpstreamError) as caught:
        reader.feed(ODD_EVENT)
    assert WORDS_OF_AN_ANSWER not in told_of(caught.value)
    assert "ValueError" in caught.value.why


def test_the_error_of_an_odd_body_holds_none_of_it():
    with pytest.raises(UpstreamError) as caught:
        provider_of("gemini").reply(ask_of("embedding", input="i", encoding_format="base64"), ODD_BODY)
    assert WORDS_OF_AN_ANSWER not in told_of(caught.value)
