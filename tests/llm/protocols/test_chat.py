import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.clients import (
    completion_chunks,
    completion_of,
    message_final,
    message_of,
    response_events,
    response_final,
    response_of,
)

from loopwright.errors import RequestRefusedError, UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.protocols.chat import as_chat, history_of, question_of, reader_of, reply_of, with_messages
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.protocols.replies import chat_reply
from loopwright.llm.providers.chat_stream import ChatReader


def ask_of(operation, **body):
    defaults = {"message": {"max_tokens": 9, "messages": []}, "completion": {"prompt": "p"}, "response": {"input": "i"}}
    return Ask(
        operation=operation, body={"model": "m", **defaults.get(operation, {}), **body}, stream=bool(body.get("stream"))
    )


def chat_body(operation, **body):
    chat = as_chat(ask_of(operation, **body))
    read_ask("chat", json.dumps({**chat.body, "messages": chat.body["messages"] or [{"role": "user"}]}).encode())
    return chat.body


PNG = {"type": "base64", "media_type": "image/png", "data": "AAAA"}


def test_a_message_with_everything_is_the_same_chat():
    chat = chat_body(
        "message", system=[{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": PNG}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "so"},
                {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [
                    {"type": "text", "text": "found"}, {"type": "image", "source": {"type": "url", "url": "http://h/i"}}]},
                {"type": "text", "text": "and?"}]},
        ],
        tools=[{"name": "find", "description": "d", "input_schema": {"type": "object"}}],
        tool_choice={"type": "tool", "name": "find", "disable_parallel_tool_use": True},
        stop_sequences=["END"], temperature=0.5, top_k=4, metadata={"user_id": "u"}, extra=1,
        thinking={"type": "enabled", "budget_tokens": 5000},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )  # fmt: skip

    assert chat == {
        "model": "m", "max_tokens": 9, "temperature": 0.5, "top_k": 4, "extra": 1, "stop": ["END"], "user": "u",
        "reasoning_effort": "medium", "parallel_tool_calls": False,
        "tool_choice": {"type": "function", "function": {"name": "find"}},
        "tools": [
            {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}],
        "response_format": {"type": "json_schema",
                            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True}},
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                                         {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "content": "so", "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q":1}'}}]},
            {"role": "tool", "tool_call_id": "t1", "content": "found"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://h/i"}},
                                         {"type": "text", "text": "and?"}]},
        ],
    }  # fmt: skip


def test_a_response_with_everything_is_the_same_chat():
    chat = chat_body(
        "response", instructions="be kind", max_output_tokens=7, temperature=0.5, user="u", store=True,
        include=["reasoning.encrypted_content"], reasoning={"effort": "low", "summary": "auto"},
        tools=[{"type": "function", "name": "find", "parameters": {"type": "object"}, "strict": True}],
        tool_choice={"type": "function", "name": "find"}, parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}, "verbosity": "low"},
        input=[
            {"role": "developer", "content": "dev"},
            {"role": "user", "content": [{"type": "input_text", "text": "look"},
                                         {"type": "input_image", "image_url": "http://h/i", "detail": "low"}]},
            {"type": "reasoning", "id": "r", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "so"}]},
            {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "find", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "found"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "more"}]},
        ],
    )  # fmt: skip

    def call(id_):
        return {"id": id_, "type": "function", "function": {"name": "find", "arguments": "{}"}}

    assert chat == {
        "model": "m", "max_tokens": 7, "temperature": 0.5, "user": "u", "reasoning_effort": "low", "verbosity": "low",
        "parallel_tool_calls": False, "tool_choice": {"type": "function", "function": {"name": "find"}},
        "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}, "strict": True}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "system", "content": "dev"},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                                         {"type": "image_url", "image_url": {"url": "http://h/i", "detail": "low"}}]},
            {"role": "assistant", "content": "so", "tool_calls": [call("c1"), call("c2")]},
            {"role": "tool", "tool_call_id": "c1", "content": "found"},
            {"role": "tool", "tool_call_id": "c2", "content": "more"},
        ],
    }  # fmt: skip


def test_a_completion_is_a_question_of_the_user():
    assert chat_body("completion", prompt=["hi"], max_tokens=3, n=2, stop="x")["messages"] == [
        {"role": "user", "content": "hi"}
    ]
    assert chat_body("completion", n=2)["n"] == 2


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("message", {"tools": [{"name": "f"}, {"type": "web_search_20250305", "name": "w"}]}, "tools.1.type"),
        ("message", {"mcp_servers": [{"url": "u"}]}, "mcp_servers"),
        ("message", {"container": "c"}, "container"),
        ("message", {"messages": [{"role": "user", "content": [{"type": "odd"}]}]}, "messages.0.content.0.type"),
        ("message", {"messages": [{"role": "assistant", "content": [{"type": "odd"}]}]}, "messages.0.content.0.type"),
        ("message", {"tool_choice": {"type": "odd"}}, "tool_choice.type"),
        ("response", {"previous_response_id": "r"}, "previous_response_id"),
        ("response", {"conversation": "c"}, "conversation"),
        ("response", {"background": True}, "background"),
        ("response", {"truncation": "auto"}, "truncation"),
        ("response", {"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ("response", {"input": [{"type": "item_reference", "id": "x"}]}, "input.0.type"),
        ("response", {"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input.0.content.0.type"),
        ("completion", {"prompt": ["a", "b"]}, "prompt"),
        ("completion", {"prompt": [1, 2]}, "prompt"),
        ("completion", {"suffix": "s"}, "suffix"),
        ("completion", {"best_of": 2}, "best_of"),
    ],
)  # fmt: skip
def test_what_a_chat_cannot_say_is_refused_by_name(operation, body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        as_chat(ask_of(operation, **body))
    assert caught.value.context["field"] == field
    assert f"`{field}`" in caught.value.what


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


USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}


def whole_chat(text="hello", calls=(), **message):
    message = {"role": "assistant", "content": text, **message}
    if calls:
        message["tool_calls"] = [
            {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for number, (name, arguments) in enumerate(calls)
        ]
    data = {"id": "x1", "object": "chat.completion", "created": 5, "model": "llama", "usage": USAGE, "choices": [
        {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}]}  # fmt: skip
    return chat_reply(json.dumps(data).encode(), data)


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
ARGUMENTS = st.dictionaries(TEXTS, TEXTS, max_size=2).map(json.dumps)
CALLS = st.lists(
    st.tuples(st.sampled_from(["find", "f_2"]), st.dictionaries(TEXTS, TEXTS, max_size=2).map(json.dumps)), max_size=3
)


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


def chunk(delta, finish=None, **fields):
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "x1", "object": "chat.completion.chunk", "created": 5, "model": "llama", "choices": choices, **fields}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def chat_stream(text, calls=(), reasoning=""):
    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"reasoning_content": one}) for one in reasoning]
    events += [chunk({"content": one}) for one in text]
    for number, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        call = {"index": number, "id": f"c{number}", "type": "function", "function": function}
        events.append(chunk({"tool_calls": [call]}))
        for one in [arguments[:3], arguments[3:]]:
            events.append(chunk({"tool_calls": [{"index": number, "function": {"arguments": one}}]}))
    events.append(chunk({}, "tool_calls" if calls else "stop"))
    return [*events, chunk({}, choices=[], usage=USAGE), b"data: [DONE]\n\n"]


def told(operation, events, cuts=()):
    ask = ask_of(operation, stream=True)
    chat = Ask(operation="chat", body={"stream_options": {"include_usage": True}}, stream=True)
    reader = reader_of(ask, ChatReader(chat))
    stream = b"".join(events)
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = [piece for a, b in pairwise(places) for piece in reader.feed(stream[a:b])]
    return [*pieces, *reader.end()], reader


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
