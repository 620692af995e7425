import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.clients import chat_chunks, completion_chunks

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Usage
from loopwright.llm.providers.chat_stream import ChatReader

ASK = Ask(operation="chat", body={"model": "m"}, stream=True)
TELLING = Ask(operation="chat", body={"model": "m", "stream_options": {"include_usage": True}}, stream=True)
DONE = b"data: [DONE]\n\n"
USED = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}


def event(delta, *, finish=None, index=0, **fields):
    body = {
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "llama-3",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}], **fields,
    }  # fmt: skip
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage_event():
    return b"data: " + json.dumps({"id": "c1", "choices": [], "usage": USED}).encode() + b"\n\n"


HELLO = [
    event({"role": "assistant", "content": ""}),
    event({"content": "hel"}),
    event({"content": "lo"}),
    event({}, finish="stop"),
]


def read(stream, reader):
    pieces = [piece for part in stream for piece in reader.feed(part)]
    return [*pieces, *reader.end()]


@pytest.mark.parametrize("texts", [True, False])
def test_events_pass_as_they_came_and_usage_is_known(texts):
    reader = ChatReader(TELLING, texts=texts)
    stream = [*HELLO, usage_event(), DONE]

    pieces = read(stream, reader)

    assert b"".join(piece.event for piece in pieces) == b"".join(stream)
    assert reader.outcome.usage == Usage(input_tokens=5, output_tokens=3)
    assert (reader.outcome.finish, reader.outcome.model, reader.outcome.id) == ("stop", "llama-3", "c1")


@pytest.mark.parametrize("texts", [True, False])
def test_usage_that_the_caller_did_not_ask_for_is_left_out_and_known_all_the_same(texts):
    reader = ChatReader(ASK, texts=texts)
    pieces = read([*HELLO, usage_event(), DONE], reader)
    assert b"".join(piece.event for piece in pieces) == b"".join([*HELLO, DONE])
    assert reader.outcome.usage == Usage(input_tokens=5, output_tokens=3)


@pytest.mark.parametrize("texts", [True, False])
def test_usage_beside_a_choice_is_kept_and_known(texts):
    reader = ChatReader(ASK, texts=texts)
    stream = [HELLO[1], event({}, finish="stop", usage=USED), DONE]
    assert b"".join(piece.event for piece in read(stream, reader)) == b"".join(stream)
    assert reader.outcome.usage == Usage(input_tokens=5, output_tokens=3)


@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=30),
    st.lists(st.integers(0, 3000), max_size=8),
    st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_bytes_split_anywhere_say_the_same(text, cuts, texts):
    stream = b"".join([HELLO[0], *(event({"content": one}) for one in text), HELLO[3], usage_event(), DONE])
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    reader = ChatReader(TELLING, texts=texts)

    pieces = read([stream[a:b] for a, b in pairwise(places)], reader)

    assert b"".join(piece.event for piece in pieces) == stream
    assert reader.outcome.usage is not None
    if texts:
        assert "".join(piece.text for piece in pieces) == text


def test_without_texts_several_events_are_passed_on_at_once_and_undecoded():
    reader = ChatReader(ASK, texts=False)
    reader.feed(HELLO[0])
    assert len(reader.feed(HELLO[1] + HELLO[2])) == 1
    nonsense = b'data: {"choices": nonsense}\n\n'
    assert [piece.event for piece in reader.feed(nonsense)] == [nonsense]


def test_words_about_usage_in_the_answer_are_no_usage():
    reader = ChatReader(ASK, texts=False)
    tricky = event({"content": '"usage": {"prompt_tokens": 1} "finish_reason": "stop" [DONE] "error": {}'})
    read([HELLO[0], tricky, HELLO[3], DONE], reader)
    assert reader.outcome.usage is None


@pytest.mark.parametrize("texts", [True, False])
@pytest.mark.parametrize(
    "stream",
    [
        [], [DONE[:0]], HELLO[:3], [b"".join(HELLO[:2])[:-9]],
        [HELLO[0], b'data: {"choices": [{"ind'],
        [HELLO[0], b'data: {"error": {"message": "out of memory"}}\n\n', DONE],
        [HELLO[0], b'event: error\ndata: {"message": "out of memory"}\n\n'],
        [b'{"error": {"message": "out of memory"}}'],
        [b"data: nonsense\n\n"], [b"data: []\n\n"], [b'data: {"choices": [1]}\n\n'],
        [b"<html>Bad Gateway</html>"],
    ],
)  # fmt: skip
def test_a_stream_that_is_cut_off_malformed_or_an_error_is_an_error_of_the_upstream(stream, texts):
    with pytest.raises(UpstreamError):
        read(stream, ChatReader(ASK, texts=texts))


def test_an_end_without_its_mark_or_without_its_empty_line_is_an_end():
    for stream in (HELLO, [*HELLO, b"data: [DONE]"], [*HELLO[:3], HELLO[3].rstrip(b"\n")]):
        pieces = read(stream, ChatReader(ASK))
        assert pieces[-1].event == DONE
        assert chat_chunks([piece.event for piece in pieces])[-1].choices[0].finish_reason == "stop"


def test_one_choice_of_two_that_never_ended_is_cut_off():
    stream = [event({"content": "a"}), event({"content": "b"}, index=1), event({}, finish="stop")]
    with pytest.raises(UpstreamError):
        read(stream, ChatReader(ASK))


def test_the_first_empty_event_of_azure_and_comments_pass():
    first = b'data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[]}\n\n'
    reader = ChatReader(ASK)
    pieces = read([first, b": keep alive\n\n", *HELLO, DONE], reader)
    assert [piece.event for piece in pieces[:2]] == [first, b": keep alive\n\n"]
    assert (reader.outcome.id, reader.outcome.model) == ("c1", "llama-3")


def test_reasoning_is_a_text_aside():
    pieces = read([event({"reasoning_content": "hm"}), event({"content": "so"}), HELLO[3], DONE], ChatReader(ASK))
    assert [(piece.text, piece.aside) for piece in pieces[:2]] == [("hm", True), ("so", False)]


def test_an_event_that_says_more_than_one_thing_is_split_and_says_it_all():
    call = {"index": 1, "id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    stream = [event({"role": "assistant", "reasoning_content": "hm", "content": "so", "tool_calls": [call]},
                    finish="tool_calls"), DONE]  # fmt: skip
    pieces = read(stream, ChatReader(ASK))

    assert [(piece.text, piece.tool, piece.aside, piece.call, piece.closes) for piece in pieces] == [
        ("hm", "", True, 0, False), ("so", "", False, 0, False), ("", "f", False, 1, False),
        ("", '{"a":1}', False, 1, True), ("", "", False, 0, False),
    ]  # fmt: skip
    chunks = chat_chunks([piece.event for piece in pieces])
    assert chunks[0].choices[0].delta.role == "assistant"
    steps = [step for chunk in chunks for step in chunk.choices[0].delta.tool_calls or ()]
    assert [(step.index, step.id, step.function.name, step.function.arguments) for step in steps] == [
        (1, "t", "f", ""), (1, None, None, '{"a":1}')
    ]  # fmt: skip
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "tool_calls"]


def test_a_refusal_beside_a_text_is_told_too():
    reader = ChatReader(ASK)
    reader.feed(HELLO[0])
    assert [piece.text for piece in reader.feed(event({"content": "so", "refusal": "no"}))] == ["so", "no"]


def test_several_choices_in_one_event_are_told_apart():
    both = json.loads(event({"content": "a"})[6:])
    both["choices"].append({"index": 1, "delta": {"content": "b"}, "finish_reason": None})
    pieces = ChatReader(ASK).feed(b"data: " + json.dumps(both).encode() + b"\n\n")
    assert [(piece.text, piece.choice) for piece in pieces] == [("a", 0), ("b", 1)]


def test_another_text_takes_the_place_of_a_piece_s_own():
    reader = ChatReader(ASK)
    (piece,) = reader.feed(event({"content": "secret"}, logprobs=None))
    assert chat_chunks([reader.with_text(piece, "***")])[0].choices[0].delta.content == "***"
    assert b"secret" not in reader.with_text(piece, "***")
    assert reader.with_text(piece, "") == b""
    assert reader.with_text(piece, "secret") == piece.event


def test_log_probabilities_do_not_tell_what_was_taken_out():
    reader = ChatReader(ASK)
    choice = {"index": 0, "delta": {"content": "secret"}, "logprobs": {"content": [{"token": "secret"}]}}
    (piece,) = reader.feed(b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n")
    assert b"secret" not in reader.with_text(piece, "***")


def test_a_text_taken_out_of_the_last_event_leaves_its_reason_to_end():
    reader = ChatReader(ASK)
    (piece,) = reader.feed(event({"content": "secret"}, finish="stop"))
    assert piece.closes
    (chunk,) = chat_chunks([reader.with_text(piece, "")])
    assert (chunk.choices[0].delta.content, chunk.choices[0].finish_reason) == ("", "stop")


def test_arguments_of_a_call_can_be_replaced_and_its_name_stays():
    reader = ChatReader(ASK)
    call = {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": "secret"}}
    name, arguments = reader.feed(event({"tool_calls": [call]}))
    assert (name.tool, arguments.tool) == ("f", "secret")
    chunk = chat_chunks([reader.with_text(arguments, "***")])[0]
    assert chunk.choices[0].delta.tool_calls[0].function.arguments == "***"


def test_a_stream_that_is_stopped_is_well_formed_and_has_no_more():
    reader = ChatReader(TELLING)
    reader.feed(HELLO[0] + HELLO[1])
    chunks = chat_chunks([HELLO[0], HELLO[1], reader.stopped("content_filter")])
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert reader.stopped("content_filter").endswith(DONE)
    assert list(reader.end()) == []
    assert reader.outcome.finish == "content_filter"


def test_completions_stream_the_same_way():
    ask = Ask(operation="completion", body={"model": "m", "prompt": "p"}, stream=True)
    body = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
    steps = [{"index": 0, "text": "he", "finish_reason": None}, {"index": 0, "text": "y", "finish_reason": "stop"}]
    stream = [b"data: " + json.dumps({**body, "choices": [step]}).encode() + b"\n\n" for step in steps]
    reader = ChatReader(ask)
    pieces = read([*stream, DONE], reader)
    assert "".join(piece.text for piece in pieces) == "hey"
    assert completion_chunks([reader.with_text(pieces[0], "HE")])[0].choices[0].text == "HE"
    other = ChatReader(ask)
    other.feed(stream[0])
    assert completion_chunks([other.stopped("length")])[-1].choices[0].finish_reason == "length"


def test_a_call_of_a_function_in_the_old_form_is_a_tool_s():
    reader = ChatReader(ASK)
    reader.feed(HELLO[0])
    (piece,) = reader.feed(event({"function_call": {"arguments": "secret"}}))
    assert piece.tool == "secret"
    assert b"secret" not in reader.with_text(piece, "***")


@pytest.mark.parametrize(
    "delta",
    [
        {"content": None}, {"content": [{"type": "text", "text": "x"}]}, {"content": "", "audio": {}},
        {"content": "x", "reasoning": "y"}, {"content": "x", "refusal": "y"}, {"content": '"tool_calls"'},
    ],
)  # fmt: skip
def test_what_is_read_in_one_step_is_what_a_full_reading_gives(delta):
    """The first event of a stream is always read in full."""
    quick, full = ChatReader(ASK), ChatReader(ASK)
    quick.feed(HELLO[0])
    assert quick.feed(event(delta)) == full.feed(event(delta))


def test_where_texts_are_off_pieces_hold_bytes_alone():
    reader = ChatReader(ASK)
    reader.texts = False
    pieces = read([*HELLO, DONE], reader)
    assert b"".join(piece.event for piece in pieces) == b"".join([*HELLO, DONE])
    assert "".join(piece.text for piece in pieces) == ""
    assert reader.outcome.finish == "stop"
