import json

import msgspec
import pytest
from anthropic.types import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import Completion
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from tests.llm.protocols.clients import (
    chat_chunks,
    chat_of,
    completion_chunks,
    message_final,
    message_of,
    response_final,
    response_of,
)

from loopwright.errors import UsageError
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.protocols.said import Said, ToolCall, reply_of_said
from loopwright.llm.protocols.saying import events_of, reply_saying

MODELS = {"chat": ChatCompletion, "completion": Completion, "message": Message, "response": Response}
USAGE = Usage(input_tokens=10, output_tokens=4, cache_read_tokens=3, cache_write_tokens=2, reasoning_tokens=1)


def ask(operation, **body):
    return Ask(operation=operation, body={"model": "m", **body}, stream=True)


def said(operation, text="hello", finish="stop"):
    return reply_saying(ask(operation), text, model="m", id="x1", created=1_700_000_000, finish=finish, usage=USAGE)


@pytest.mark.parametrize("operation", MODELS)
@pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
def test_every_body_is_one_that_the_stock_client_declares(operation, finish):
    reply = said(operation, finish=finish)
    MODELS[operation].model_validate(json.loads(reply.body), strict=False)
    assert (reply.text, reply.finish, reply.usage, reply.id) == ("hello", finish, USAGE, "x1")


@given(st.text(st.characters(blacklist_categories=["Cs"])))
@settings(max_examples=25, deadline=None)
def test_what_is_said_is_what_the_clients_read(text):
    assert chat_of(said("chat", text).body).choices[0].message.content == text
    assert message_of(said("message", text).body).content[0].text == text
    assert response_of(said("response", text).body).output_text == text
    assert json.loads(said("completion", text).body)["choices"][0]["text"] == text


@given(st.text(st.characters(blacklist_categories=["Cs"])))
@settings(max_examples=25, deadline=None)
def test_a_stream_of_it_says_the_same(text):
    chat = chat_chunks(events_of(ask("chat"), said("chat", text)))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chat) == text
    plain = completion_chunks(events_of(ask("completion"), said("completion", text)))
    assert "".join(chunk.choices[0].text for chunk in plain) == text
    assert message_final(events_of(ask("message"), said("message", text))).content[0].text == text
    assert response_final(events_of(ask("response"), said("response", text))).output_text == text


def test_usage_is_told_in_a_stream_where_it_was_asked_for_and_always_by_the_others():
    silent = chat_chunks(events_of(ask("chat"), said("chat")))
    telling = chat_chunks(events_of(ask("chat", stream_options={"include_usage": True}), said("chat")))

    assert [chunk.usage for chunk in silent] == [None] * len(silent)
    assert telling[-1].choices == []
    assert telling[-1].usage.prompt_tokens == 10
    assert telling[-1].usage.prompt_tokens_details.cached_tokens == 3
    message = message_final(events_of(ask("message"), said("message")))
    assert (message.usage.input_tokens, message.usage.output_tokens) == (5, 4)
    assert (message.usage.cache_read_input_tokens, message.usage.cache_creation_input_tokens) == (3, 2)
    response = response_final(events_of(ask("response"), said("response")))
    assert (response.usage.input_tokens, response.usage.output_tokens_details.reasoning_tokens) == (10, 1)


def test_reasons_to_end_are_in_the_words_of_each_protocol():
    assert message_of(said("message", finish="length").body).stop_reason == "max_tokens"
    assert message_of(said("message", finish="content_filter").body).stop_reason == "refusal"
    assert response_of(said("response", finish="length").body).incomplete_details.reason == "max_output_tokens"
    assert chat_chunks(events_of(ask("chat"), said("chat", finish="length")))[-1].choices[0].finish_reason == "length"


CALLS = (ToolCall(id="c1", name="find", arguments='{"q": "x"}'), ToolCall(id="c2", name="none", arguments="{}"))


def with_calls(operation):
    return reply_of_said(ask(operation), Said(
        text="", model="m", id="x", created=1, tool_calls=CALLS, finish="tool_calls", usage=USAGE, reasoning="hm",
    ))  # fmt: skip


def test_calls_of_tools_go_whole_and_as_a_stream_through_every_client():
    chat = chat_of(with_calls("chat").body).choices[0].message.tool_calls
    assert [(call.id, call.function.name, call.function.arguments) for call in chat] == [
        ("c1", "find", '{"q": "x"}'), ("c2", "none", "{}")
    ]  # fmt: skip
    chunks = chat_chunks(events_of(ask("chat"), with_calls("chat")))
    steps = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(step.index, step.id, step.function.name) for step in steps] == [(0, "c1", "find"), (1, "c2", "none")]
    for message in (message_of(with_calls("message").body),
                    message_final(events_of(ask("message"), with_calls("message")))):  # fmt: skip
        assert [block.type for block in message.content] == ["thinking", "tool_use", "tool_use"]
        assert (message.content[1].input, message.content[1].id, message.stop_reason) == ({"q": "x"}, "c1", "tool_use")
    for response in (response_of(with_calls("response").body),
                     response_final(events_of(ask("response"), with_calls("response")))):  # fmt: skip
        assert [item.type for item in response.output] == ["reasoning", "function_call", "function_call"]
        assert (response.output[1].arguments, response.output[1].call_id) == ('{"q": "x"}', "c1")


def test_several_choices_of_a_kept_chat_stream_side_by_side():
    body = json.loads(said("chat").body)
    body["choices"].append({**body["choices"][0], "index": 1, "message": {"role": "assistant", "content": "other"}})
    chunks = chat_chunks(events_of(ask("chat"), Reply(body=json.dumps(body).encode())))
    texts = {0: "", 1: ""}
    for chunk in chunks:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == {0: "hello", 1: "other"}


def test_blocks_that_do_not_stream_and_signatures_come_through():
    body = json.loads(said("message").body)
    body["content"] = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "zzz"},
        {"type": "text", "text": "hello", "citations": None},
    ]
    message = message_final(events_of(ask("message"), Reply(body=msgspec.json.encode(body))))
    assert message.content[0].signature == "sig"
    assert message.content[1].data == "zzz"
    assert message.content[2].text == "hello"


def test_arguments_that_are_no_object_do_not_break_a_message():
    call = ToolCall(id="c", name="f", arguments="not json")
    reply = reply_of_said(ask("message"), Said(text="", model="m", id="x", created=1, tool_calls=(call,)))
    assert message_of(reply.body).content[0].input == {"arguments": "not json"}


def test_embeddings_have_nothing_to_say():
    with pytest.raises(UsageError):
        said("embedding")
