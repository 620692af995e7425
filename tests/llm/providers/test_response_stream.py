import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.clients import response_events, response_final

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Usage
from loopwright.llm.protocols.said import Said, ToolCall, reply_of_said
from loopwright.llm.protocols.saying import events_of
from loopwright.llm.providers.response_stream import ResponseReader

ASK = Ask(operation="response", body={"model": "m", "input": "i"}, stream=True)
CALL = ToolCall(id="c1", name="find", arguments='{"q": "secret"}')


def stream(text="a secret", **fields):
    usage = Usage(input_tokens=4, output_tokens=2)
    return events_of(ASK, reply_of_said(ASK, Said(text=text, model="m", id="r1", created=1, usage=usage, **fields)))


def read(events, reader):
    pieces = [piece for event in events for piece in reader.feed(event)]
    return [*pieces, *reader.end()]


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=20), st.lists(st.integers(0, 5000), max_size=8))
@settings(deadline=None, max_examples=40)
def test_events_pass_as_they_came_wherever_they_are_split(text, cuts):
    whole = b"".join(stream(text, tool_calls=(CALL,)))
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    reader = ResponseReader()

    pieces = read([whole[a:b] for a, b in pairwise(places)], reader)

    assert b"".join(piece.event for piece in pieces) == whole
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.tool for piece in pieces if piece.tool] == ["find", CALL.arguments]
    assert reader.outcome.usage == Usage(input_tokens=4, output_tokens=2)
    assert (reader.outcome.finish, reader.outcome.model, reader.outcome.id) == ("tool_calls", "m", "r1")


def test_a_text_that_was_changed_is_nowhere_in_the_stream_as_it_was():
    reader = ResponseReader()
    pieces = read(stream(tool_calls=(CALL,), reasoning="a secret thought"), reader)
    sent = [reader.with_text(piece, (piece.text or piece.tool).replace("secret", "***")) for piece in pieces]

    assert b"secret" not in b"".join(sent)
    final = response_final(sent)
    assert final.output_text == "a ***"
    assert final.output[0].content[0].text == "a *** thought"
    assert final.output[-1].arguments == '{"q": "***"}'


def test_a_text_that_was_not_changed_leaves_every_byte_as_it_came():
    reader = ResponseReader()
    events = stream()
    assert b"".join(reader.with_text(piece, piece.text or piece.tool) for piece in read(events, reader)) == b"".join(
        events
    )


def test_a_stream_that_is_stopped_is_over_and_says_nothing_more():
    reader = ResponseReader()
    events = stream()
    for event in events[:5]:
        reader.feed(event)
    seen = response_events([*events[:5], reader.stopped("content_filter")])
    assert seen[-1].type == "response.incomplete"
    assert seen[-1].response.incomplete_details.reason == "content_filter"
    assert list(reader.end()) == []
    assert reader.outcome.finish == "content_filter"


@pytest.mark.parametrize(
    "events",
    [
        [], stream()[:-1], [stream()[0], b"data: nonsense\n\n"], [b'{"error": {"message": "no"}}'],
        [stream()[0], b'event: error\ndata: {"type": "error", "message": "no"}\n\n'],
        [b'data: {"type": "response.failed", "response": {"error": {"code": "x", "message": "no"}}}\n\n'],
    ],
)  # fmt: skip
def test_a_stream_that_is_cut_off_malformed_or_an_error_is_an_error_of_the_upstream(events):
    with pytest.raises(UpstreamError):
        read(events, ResponseReader())


def test_a_failed_response_says_why():
    with pytest.raises(UpstreamError) as caught:
        ResponseReader().feed(
            b"data: " + json.dumps({"type": "response.failed", "response": {"error": {"message": "no GPU"}}}).encode()
            + b"\n\n"
        )  # fmt: skip
    assert caught.value.why == "no GPU"


def test_where_texts_are_off_bytes_pass_and_usage_is_known():
    reader = ResponseReader(texts=False)
    events = stream(tool_calls=(CALL,))
    assert b"".join(piece.event for piece in read(events, reader)) == b"".join(events)
    assert (reader.outcome.usage, reader.outcome.finish) == (Usage(input_tokens=4, output_tokens=2), "tool_calls")
    broken = ResponseReader(texts=False)
    broken.feed(events[0])
    with pytest.raises(UpstreamError):
        broken.feed(b'event: error\ndata: {"type": "error", "message": "no"}\n\n')
    with pytest.raises(UpstreamError):
        broken.end()
