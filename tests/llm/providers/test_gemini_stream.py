import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.clients import (
    chat_chunks,
    message_final,
    response_final,
)
from tests.llm.providers.geminis import (
    PROVIDER,
    TELLING,
    TEXTS,
    USAGE,
    event,
    read,
    stream,
)

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask


@given(TEXTS, TEXTS, st.lists(st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2), st.lists(st.integers(0, 9000)))
@settings(deadline=None, max_examples=40)
def test_a_stream_as_a_chat_a_message_and_a_response(text, thought, calls, cuts):
    events = stream(text, thought, calls)
    pieces, reader = read(events, TELLING, cuts)
    chunks = chat_chunks([piece.event for piece in pieces])
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == text
    steps = [step for delta in deltas for step in delta.tool_calls or ()]
    assert [json.loads(step.function.arguments) for step in steps if step.function.arguments] == calls
    assert [step.index for step in steps if step.function.name] == list(range(len(calls)))
    assert chunks[-2].choices[0].finish_reason == ("tool_calls" if calls else "stop")
    assert chunks[-1].usage.prompt_tokens == 12
    assert (reader.outcome.usage, reader.outcome.model, reader.outcome.id) == (USAGE, "gemini-x-001", "r1")

    message = message_final([piece.event for piece in read(events, Ask(operation="message", body={}), cuts)[0]])
    assert "".join(block.text for block in message.content if block.type == "text") == text
    assert [block.input for block in message.content if block.type == "tool_use"] == calls
    assert message.usage.output_tokens == 9
    response = response_final([piece.event for piece in read(events, Ask(operation="response", body={}), cuts)[0]])
    assert response.output_text == text
    assert response.usage.output_tokens == 9


@pytest.mark.parametrize(
    "events",
    [
        [], stream("hello")[:3], [b"data: nonsense\n\n"], [b'[{"error": {"message": "no"}}]'],
        [stream("h")[0], event({"error": {"code": 503, "message": "busy"}})],
        stream("h", reason="MALFORMED_FUNCTION_CALL"),
    ],
)  # fmt: skip
def test_a_stream_that_is_cut_off_malformed_or_an_error_is_an_error_of_the_upstream(events):
    with pytest.raises(UpstreamError):
        read(events, TELLING)


def test_a_last_event_without_its_empty_line_is_read():
    pieces, _ = read([*stream("hi")[:-1], stream("")[0].rstrip()], TELLING)
    assert chat_chunks([piece.event for piece in pieces])[-2].choices[0].finish_reason == "stop"


def test_texts_can_be_changed_and_streams_stopped():
    reader = PROVIDER.reader(TELLING)
    pieces = [piece for one in stream("ab")[:2] for piece in reader.feed(one)]
    sent = [reader.with_text(piece, piece.text.replace("b", "***")) for piece in pieces]
    chunks = chat_chunks([*sent, reader.stopped("content_filter")])
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "a***"
    assert chunks[-2].choices[0].finish_reason == "content_filter"
    assert list(reader.end()) == []


def test_a_stream_that_the_upstream_s_own_guards_refuse_ends_so():
    pieces, reader = read([event({"promptFeedback": {"blockReason": "SAFETY"}})], TELLING)
    assert reader.outcome.finish == "content_filter"
    assert chat_chunks([piece.event for piece in pieces])[-1].choices[0].finish_reason == "content_filter"
