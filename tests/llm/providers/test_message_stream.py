import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.clients import chat_chunks, completion_chunks, message_final, response_final

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Usage
from loopwright.llm.providers.anthropic import AnthropicProvider

PROVIDER = AnthropicProvider()
MESSAGE = Ask(operation="message", body={"model": "m"}, stream=True)
CHAT = Ask(operation="chat", body={"model": "m", "stream_options": {"include_usage": True}}, stream=True)
USAGE = Usage(input_tokens=10, output_tokens=9, cache_read_tokens=3, cache_write_tokens=2)


def event(kind, **body):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **body})}\n\n".encode()


def stream(text="hello", thinking="", calls=(), reason="end_turn"):
    usage = {"input_tokens": 5, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    blocks = []
    if thinking:
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""},
                       [*({"type": "thinking_delta", "thinking": one} for one in thinking),
                        {"type": "signature_delta", "signature": "sig"}]))  # fmt: skip
    blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": one} for one in text]))
    for number, arguments in enumerate(calls):
        parts = ["", arguments[:4], arguments[4:]] if arguments != "{}" else [""]
        blocks.append(({"type": "tool_use", "id": f"t{number}", "name": "find", "input": {}},
                       [{"type": "input_json_delta", "partial_json": part} for part in parts]))  # fmt: skip
    events = [event("message_start", message=message), event("ping")]
    for index, (block, deltas) in enumerate(blocks):
        events.append(event("content_block_start", index=index, content_block=block))
        events += [event("content_block_delta", index=index, delta=delta) for delta in deltas]
        events.append(event("content_block_stop", index=index))
    events.append(
        event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": 9})
    )
    return [*events, event("message_stop")]


def read(events, ask, cuts=()):
    reader = PROVIDER.reader(ask)
    whole = b"".join(events)
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    pieces = [piece for a, b in pairwise(places) for piece in reader.feed(whole[a:b])]
    return [*pieces, *reader.end()], reader


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
CALLS = st.lists(st.dictionaries(TEXTS, TEXTS, max_size=2).map(json.dumps), max_size=2)
CUTS = st.lists(st.integers(0, 9000), max_size=5)


@given(TEXTS, TEXTS, CALLS, CUTS)
@settings(deadline=None, max_examples=40)
def test_a_message_passes_as_it_came(text, thinking, calls, cuts):
    events = stream(text, thinking, calls)
    pieces, reader = read(events, MESSAGE, cuts)
    assert b"".join(piece.event for piece in pieces) == b"".join(events)
    assert "".join(piece.text for piece in pieces if not piece.aside) == text
    assert "".join(piece.text for piece in pieces if piece.aside) == thinking
    assert reader.outcome.usage == USAGE
    assert (reader.outcome.finish, reader.outcome.model, reader.outcome.id) == ("stop", "claude-x", "msg_1")
    message_final([piece.event for piece in pieces])


@given(TEXTS, TEXTS, CALLS, CUTS)
@settings(deadline=None, max_examples=40)
def test_the_same_as_a_chat_and_as_a_response(text, thinking, calls, cuts):
    events = stream(text, thinking, calls, "tool_use" if calls else "end_turn")
    pieces, reader = read(events, CHAT, cuts)
    chunks = chat_chunks([piece.event for piece in pieces])
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == text
    assert "".join(getattr(delta, "reasoning_content", "") or "" for delta in deltas) == thinking
    said = {}
    for step in (step for delta in deltas for step in delta.tool_calls or ()):
        name, arguments = said.get(step.index, ("", ""))
        said[step.index] = (name + (step.function.name or ""), arguments + (step.function.arguments or ""))
    assert list(said.values()) == [("find", arguments) for arguments in calls]
    assert chunks[-2].choices[0].finish_reason == ("tool_calls" if calls else "stop")
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens == 3
    assert {chunk.id for chunk in chunks} == {"msg_1"}
    assert reader.outcome.usage == USAGE

    pieces, _ = read(events, Ask(operation="response", body={"model": "m"}, stream=True), cuts)
    response = response_final([piece.event for piece in pieces])
    assert response.output_text == text
    assert [item.arguments for item in response.output if item.type == "function_call"] == calls
    assert response.usage.input_tokens == 10


def test_usage_is_told_to_those_who_ask():
    pieces, reader = read(stream(), Ask(operation="chat", body={"model": "m"}, stream=True))
    assert all(chunk.usage is None for chunk in chat_chunks([piece.event for piece in pieces]))
    assert reader.outcome.usage == USAGE


def test_a_completion():
    pieces, _ = read(stream("hey"), Ask(operation="completion", body={"model": "m", "prompt": "p"}, stream=True))
    assert "".join(one.choices[0].text for one in completion_chunks([piece.event for piece in pieces])) == "hey"


@pytest.mark.parametrize("ask", [MESSAGE, CHAT, Ask(operation="response", body={}, stream=True)])
@pytest.mark.parametrize(
    "events",
    [
        [], stream()[:-1], stream()[:4], [stream()[0], b"event: message_stop\ndata: nonsense\n\n"],
        [stream()[0], event("error", error={"type": "overloaded_error", "message": "busy"})],
        [b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'],
    ],
)  # fmt: skip
def test_a_stream_that_is_cut_off_malformed_or_an_error_is_an_error_of_the_upstream(events, ask):
    with pytest.raises(UpstreamError):
        read(events, ask)


@pytest.mark.parametrize("ask", [MESSAGE, CHAT])
def test_a_changed_text_is_nowhere_in_the_stream_as_it_was(ask):
    whole = [event if b"text_delta" not in event else event.replace(b'"h"', b'"secret"') for event in stream("h")]
    whole = [one.replace(b'"partial_json": "{\\"a', b'"partial_json": "{\\"secret') for one in whole]
    pieces, reader = read(whole, ask)
    sent = [reader.with_text(piece, (piece.text or piece.tool).replace("secret", "***")) for piece in pieces]
    assert b"secret" not in b"".join(sent)
    if ask is MESSAGE:
        assert message_final(sent).content[0].text == "***"
    else:
        assert "".join(one.choices[0].delta.content or "" for one in chat_chunks(sent) if one.choices) == "***"


def test_arguments_and_names_of_calls_can_be_replaced():
    pieces, reader = read(stream(calls=['{"a": 1}']), MESSAGE)
    first, *rest = [piece for piece in pieces if piece.tool]
    sent = []
    for piece in pieces:
        if piece is rest[-1]:
            sent.append(reader.with_text(piece, "{}"))
        elif piece is first or piece not in rest:
            sent.append(reader.with_text(piece, piece.text or piece.tool))
    assert message_final(sent).content[1].input == {}
    assert json.loads(reader.with_text(first, "x").split(b"data: ")[1])["content_block"]["name"] == "x"


@pytest.mark.parametrize("ask", [MESSAGE, CHAT])
def test_a_stream_that_a_guard_stops_is_well_formed(ask):
    reader = PROVIDER.reader(ask)
    events = stream("hello")
    sent = [piece.event for one in events[:5] for piece in reader.feed(one)]
    sent.append(reader.stopped("content_filter"))
    if ask is MESSAGE:
        assert (message_final(sent).stop_reason, message_final(sent).content[0].text) == ("refusal", "he")
    else:
        assert chat_chunks(sent)[-2].choices[0].finish_reason == "content_filter"
    assert list(reader.end()) == []
    assert reader.outcome.finish == "content_filter"


def test_pings_and_comments_pass_and_say_nothing():
    pieces, _ = read([stream()[0], b": hi\n\n", *stream()[1:]], MESSAGE)
    assert pieces[1].event == b": hi\n\n"
    assert pieces[2].event == event("ping")
    assert (pieces[2].text, pieces[2].closes) == ("", False)


def test_where_texts_are_off_bytes_pass_and_usage_is_known():
    reader = PROVIDER.reader(MESSAGE)
    reader.texts = False
    events = stream("hello", "hm", ['{"a": 1}'])
    pieces = [piece for one in events for piece in reader.feed(one)] + list(reader.end())
    assert b"".join(piece.event for piece in pieces) == b"".join(events)
    assert (reader.outcome.usage, reader.outcome.finish) == (USAGE, "stop")
    broken = PROVIDER.reader(MESSAGE)
    broken.texts = False
    broken.feed(events[0])
    with pytest.raises(UpstreamError):
        broken.feed(event("error", error={"type": "overloaded_error", "message": "busy"}))
    with pytest.raises(UpstreamError):
        broken.end()
