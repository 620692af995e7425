import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.chats import CALLS, TEXTS, ask_of, chat_stream, chunk, told, whole_chat
from tests.llm.protocols.clients import (
    completion_chunks,
    completion_of,
    message_final,
    message_of,
    response_events,
    response_final,
    response_of,
)

from loopwright.errors import RequestRefusedError, UpstreamError
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.protocols.chat import as_chat, history_of, question_of, reader_of, reply_of, with_messages
from loopwright.llm.protocols.replies import chat_reply
from loopwright.llm.providers.chat_stream import ChatReader


def test_a_chat_is_a_chat_and_embeddings_are_none():
    ask = ask_of("chat", messages=[])
    assert as_chat(ask) is ask
    with pytest.raises(RequestRefusedError):
        as_chat(ask_of("embedding", input="x"))


def test_the_question_is_the_last_message_of_the_user_and_history_is_before_it():
    messages = [
        {"role": "system", "content": "s"}, {"role": "user", "content": "first"}, {"role": "assistant", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "sec"}, {"type": "text", "text": "ond"}]},
    ]  # fmt: skip
    ask = ask_of("chat", messages=messages)
    assert question_of(ask) == "sec\nond"
    assert history_of(ask) == messages[:3]
    assert question_of(with_messages(ask, messages[:1])) == ""
    assert history_of(with_messages(ask, messages[:1])) == messages[:1]
    assert with_messages(ask, messages[:1]).raw == b""


@given(TEXTS, CALLS)
@settings(max_examples=30, deadline=None)
def test_answers_go_back_whole(text, calls):
    reply = whole_chat(text, calls)

    message = message_of(reply_of(ask_of("message"), reply).body)
    assert "".join(block.text for block in message.content if block.type == "text") == text
    assert [(block.name, block.input) for block in message.content if block.type == "tool_use"] == [
        (name, json.loads(arguments)) for name, arguments in calls
    ]
    assert message.stop_reason == ("tool_use" if calls else "end_turn")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (5, 4)
    response = response_of(reply_of(ask_of("response"), reply).body)
    assert response.output_text == text
    assert [(item.name, item.arguments) for item in response.output if item.type == "function_call"] == list(calls)
    assert response.usage.input_tokens_details.cached_tokens == 4


def test_a_completion_s_answer_has_every_choice():
    data = {"id": "x", "created": 1, "model": "m", "choices": [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in enumerate(["a", "b"])]}  # fmt: skip
    reply = reply_of(ask_of("completion"), chat_reply(json.dumps(data).encode(), data))
    assert [choice.text for choice in completion_of(reply.body).choices] == ["a", "b"]
    assert reply.text == "a\nb"


def test_what_is_no_chat_s_answer_is_an_error_of_the_upstream():
    for body in (b"{", b"{}", b'{"choices": [{}]}'):
        with pytest.raises(UpstreamError):
            reply_of(ask_of("message"), Reply(body=body))


@given(TEXTS, CALLS, TEXTS, st.lists(st.integers(0, 9000), max_size=4))
@settings(max_examples=40, deadline=None)
def test_streams_go_back_and_say_the_same(text, calls, reasoning, cuts):
    events = chat_stream(text, calls, reasoning)

    pieces, reader = told("message", events, cuts)
    message = message_final([piece.event for piece in pieces])
    assert "".join(block.text for block in message.content if block.type == "text") == text
    assert "".join(block.thinking for block in message.content if block.type == "thinking") == reasoning
    assert [(block.name, block.input) for block in message.content if block.type == "tool_use"] == [
        (name, json.loads(arguments)) for name, arguments in calls
    ]
    assert message.stop_reason == ("tool_use" if calls else "end_turn")
    assert (message.id, message.model) == ("x1", "llama")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (5, 3)
    assert reader.outcome.usage == Usage(input_tokens=9, output_tokens=3, cache_read_tokens=4)
    assert "".join(piece.text for piece in pieces if not piece.aside) == text

    pieces, _ = told("response", events, cuts)
    response = response_final([piece.event for piece in pieces])
    assert response.output_text == text
    assert [(item.name, item.arguments) for item in response.output if item.type == "function_call"] == list(calls)
    assert (response.status, response.id, response.created_at) == (
        "completed",
        "x1",
        5 if text or calls or reasoning else 0,
    )
    assert response.usage.input_tokens == 9
    assert "".join(piece.text for piece in pieces if not piece.aside) == text


def test_a_completion_s_stream():
    pieces, _ = told("completion", chat_stream("hello", reasoning="hm"))
    chunks = completion_chunks([piece.event for piece in pieces])
    assert "".join(one.choices[0].text for one in chunks if one.choices) == "hello"
    assert [one.choices[0].finish_reason for one in chunks if one.choices][-1] == "stop"
    assert chunks[-1].usage.prompt_tokens == 9
    assert b"hm" not in b"".join(piece.event for piece in pieces)


def test_calls_whose_arguments_come_side_by_side():
    events = [
        chunk({"tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": f"f{n}", "arguments": ""}}]})
        for n in (0, 1)
    ]
    events += [chunk({"tool_calls": [{"index": n, "function": {"arguments": part}}]})
               for part in ('{"a"', ":1}") for n in (0, 1)]  # fmt: skip
    events += [chunk({}, "tool_calls"), b"data: [DONE]\n\n"]
    response = response_final([piece.event for piece in told("response", events)[0]])
    assert [item.arguments for item in response.output] == ['{"a":1}', '{"a":1}']
    message = message_final([piece.event for piece in told("message", events)[0]])
    assert [block.input for block in message.content] == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize("operation", ["message", "response", "completion"])
def test_a_changed_text_is_nowhere_in_the_stream_as_it_was(operation):
    pieces, reader = told(operation, [
        chunk({"content": "a secret"}), chunk({}, "stop"), b"data: [DONE]\n\n"])  # fmt: skip
    sent = [reader.with_text(piece, (piece.text or piece.tool).replace("secret", "***")) for piece in pieces]
    assert b"secret" not in b"".join(sent)
    final = {"message": message_final, "response": response_final, "completion": completion_chunks}[operation](sent)
    assert "a ***" in final.model_dump_json() if operation != "completion" else final[0].choices[0].text == "a ***"


@pytest.mark.parametrize("operation", ["message", "response", "completion"])
def test_a_stream_that_a_guard_stops_is_well_formed_and_keeps_the_rest_to_itself(operation):
    chat = Ask(operation="chat", body={}, stream=True)
    reader = reader_of(ask_of(operation, stream=True), ChatReader(chat))
    sent = [reader.with_text(piece, piece.text) for piece in reader.feed(chunk({"content": "fine "}))]
    reader.feed(chunk({"content": "secret"}))
    events = [event for event in [*sent, reader.stopped("content_filter")] if event]

    assert b"secret" not in b"".join(events)
    assert list(reader.end()) == []
    if operation == "message":
        message = message_final(events)
        assert (message.content[0].text, message.stop_reason) == ("fine ", "refusal")
    elif operation == "response":
        last = response_events(events)[-1].response
        assert (last.status, last.output_text) == ("incomplete", "fine ")
    else:
        chunks = completion_chunks(events)
        assert (chunks[0].choices[0].text, chunks[-1].choices[0].finish_reason) == ("fine ", "content_filter")


@pytest.mark.parametrize("operation", ["message", "response", "completion"])
def test_a_stream_that_is_cut_off_is_an_error(operation):
    with pytest.raises(UpstreamError):
        told(operation, [chunk({"content": "hel"})])


@pytest.mark.parametrize("operation", ["message", "response"])
def test_a_stream_that_says_nothing_is_still_whole(operation):
    pieces, _ = told(operation, [chunk({}, "length"), b"data: [DONE]\n\n"])
    events = [piece.event for piece in pieces]
    if operation == "message":
        assert message_final(events).stop_reason == "max_tokens"
    else:
        assert response_events(events)[-1].response.incomplete_details.reason == "max_output_tokens"


def test_a_message_that_streams_asks_for_usage():
    assert as_chat(ask_of("message", stream=True)).body["stream_options"] == {"include_usage": True}
    assert "stream_options" not in as_chat(ask_of("message")).body
