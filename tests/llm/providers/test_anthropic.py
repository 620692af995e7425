import json

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.llm.protocols.clients import chat_of, message_of, response_of

from loopwright.errors import UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Ask, Usage
from loopwright.llm.protocols.from_message import chat_of_message
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.providers.anthropic import AnthropicProvider
from loopwright.llm.providers.chat_to_message import message_of_chat
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream

PROVIDER = AnthropicProvider()
UPSTREAM = Upstream(name="a", api="anthropic", url="https://api.anthropic.com/v1", model="claude")
PARAMS = TypeAdapter(MessageCreateParamsNonStreaming)


def chat(**body):
    return Ask(operation="chat", body={"model": "m", "messages": [{"role": "user", "content": "hi"}], **body})


def sent(ask):
    """The body for the upstream, which must be one that the vendor's own types declare."""
    body = json.loads(PROVIDER.request(UPSTREAM, ask, "").body)
    PARAMS.validate_python(body)
    return body


def test_a_message_passes_with_the_upstream_s_model():
    raw = b'{"model": "mine", "max_tokens": 5, "messages": [ {"role": "user", "content": "hi"} ], "top_k": 3}'

    request = PROVIDER.request(UPSTREAM, read_ask("message", raw), "hush")

    assert request.path == "/messages"
    assert request.headers == {
        "content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": "hush"
    }  # fmt: skip
    assert json.loads(request.body) == {**json.loads(raw), "model": "claude"}
    assert b'[ {"role": "user", "content": "hi"} ]' in request.body
    assert sent(Ask(operation="message", body=json.loads(raw))) == json.loads(request.body)


def test_headers_of_the_upstream_stand_over_ours():
    upstream = Upstream(name="a", url="http://h", model="m", headers={"Anthropic-Version": "x", "anthropic-beta": "b"})
    headers = PROVIDER.request(upstream, chat(), "").headers
    assert (headers["anthropic-version"], headers["anthropic-beta"]) == ("x", "b")
    assert "x-api-key" not in headers


def test_parameters_of_the_upstream_stand_in_for_what_the_caller_left_out():
    upstream = Upstream(name="a", url="http://h", model="m", parameters={"temperature": 0, "top_k": 2})
    for ask in (
        chat(temperature=1),
        read_ask("message", b'{"model":"x","max_tokens":1,"messages":[{"role":"user"}],"temperature":1}'),
    ):
        body = json.loads(PROVIDER.request(upstream, ask, "").body)
        assert (body["temperature"], body["top_k"], body["model"]) == (1, 2, "m")


def test_a_chat_with_everything_is_the_same_message():
    call = {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}}
    body = sent(chat(
        messages=[
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "image_url", "image_url": {"url": "https://h/i.png"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}}]},
            {"role": "assistant", "content": "so", "reasoning_content": "dropped",
             "tool_calls": [call, {**call, "id": "t2"}]},
            {"role": "tool", "tool_call_id": "t1", "content": "found"},
            {"role": "tool", "tool_call_id": "t2", "content": [{"type": "text", "text": "more"}]},
            {"role": "developer", "content": [{"type": "text", "text": "briefly"}]},
            {"role": "user", "content": "and?"},
        ],
        tools=[
            {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}],
        tool_choice="required", parallel_tool_calls=False, stop="END", temperature=0.5, max_completion_tokens=7,
        user="u",
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        reasoning_effort="low", n=1, logprobs=False, presence_penalty=0, store=True, seed=None,
    ))  # fmt: skip

    assert body == {
        "model": "claude", "max_tokens": 7, "system": "be kind\n\nbriefly", "temperature": 0.5,
        "stop_sequences": ["END"], "metadata": {"user_id": "u"},
        "tools": [{"name": "find", "description": "d", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}, "effort": "low"},
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "image", "source": {"type": "url", "url": "https://h/i.png"}},
                {"type": "document", "title": "a.pdf",
                 "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "so"}, {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": 1}},
                {"type": "tool_use", "id": "t2", "name": "find", "input": {"q": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "found"}]},
                {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "more"}]},
                {"type": "text", "text": "and?"}]},
        ],
    }  # fmt: skip


def test_a_limit_is_always_said():
    assert sent(chat())["max_tokens"] == 4096
    assert sent(chat(max_tokens=3))["max_tokens"] == 3


@pytest.mark.parametrize(("said", "theirs"), [
    ("auto", {"type": "auto"}), ("none", {"type": "none"}),
    ({"type": "function", "function": {"name": "f"}}, {"type": "tool", "name": "f"}),
])  # fmt: skip
def test_every_choice_of_tools(said, theirs):
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert sent(chat(tools=tools, tool_choice=said))["tool_choice"] == theirs
    assert "tool_choice" not in sent(chat(tools=tools))


def test_responses_and_completions_are_translated_too():
    response = Ask(
        operation="response", body={"model": "m", "input": "hi", "instructions": "s", "max_output_tokens": 4}
    )
    assert sent(response) == {
        "model": "claude", "max_tokens": 4, "system": "s",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }  # fmt: skip
    assert sent(Ask(operation="completion", body={"model": "m", "prompt": "hi"}))["messages"][0]["role"] == "user"
    assert not PROVIDER.takes("embedding")
    assert provider_of("anthropic").takes("response")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"logit_bias": {"1": 2}}, "logit_bias"),
        ({"presence_penalty": 0.5}, "presence_penalty"), ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"seed": 0}, "seed"), ({"temperature": 1.5}, "temperature"), ({"functions": [{}]}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"), ({"verbosity": "low"}, "verbosity"),
        ({"response_format": {"type": "json_object"}}, "response_format.type"),
        ({"reasoning_effort": "minimal"}, "reasoning_effort"), ({"web_search_options": {"a": 1}}, "web_search_options"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools.0.type"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.type"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0.type"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///x"}}]}]},
         "messages.0.content.0.url"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]},
         "messages.0.tool_calls.0.function.arguments"),
    ],
)  # fmt: skip
def test_what_a_message_cannot_say_is_refused_by_name(body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        PROVIDER.request(UPSTREAM, chat(**body), "")
    assert caught.value.context["field"] == field


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
ARGUMENTS = st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=2).map(
    lambda one: json.dumps(one, separators=(",", ":"), ensure_ascii=False)
)


@st.composite
def conversations(draw):
    messages = [{"role": "system", "content": draw(TEXTS)}]
    for turn in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(TEXTS)})
        answer = {"role": "assistant", "content": draw(TEXTS)}
        calls = draw(st.lists(ARGUMENTS, max_size=2))
        if calls:
            answer["tool_calls"] = [
                {"id": f"c{turn}_{number}", "type": "function", "function": {"name": "f", "arguments": arguments}}
                for number, arguments in enumerate(calls)
            ]
        messages.append(answer)
        messages += [
            {"role": "tool", "tool_call_id": f"c{turn}_{number}", "content": draw(TEXTS)}
            for number in range(len(calls))
        ]
    return messages


@given(conversations())
@settings(deadline=None)
def test_a_chat_becomes_a_message_and_a_chat_again(messages):
    body = {"model": "m", "messages": messages, "max_tokens": 5}
    PARAMS.validate_python(message_of_chat(body))
    back = chat_of_message(message_of_chat(body))
    if messages[-1]["role"] != "tool":
        assert back == body
    assert [one for one in back["messages"] if one["role"] == "tool"] == [
        one for one in messages if one["role"] == "tool"
    ]


WHOLE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use",
    "stop_sequence": None,
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "so", "citations": None},
        {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": "ü"}},
    ],
    "usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 2},
}  # fmt: skip
USAGE = Usage(input_tokens=10, output_tokens=7, cache_read_tokens=3, cache_write_tokens=2)


def test_a_whole_message_keeps_its_bytes():
    body = json.dumps(WHOLE, indent=1).encode()
    reply = PROVIDER.reply(Ask(operation="message", body={}), body)
    assert reply.body == body
    assert (reply.text, reply.finish, reply.usage, reply.model, reply.id) == (
        "so",
        "tool_calls",
        USAGE,
        "claude-x",
        "msg_1",
    )
    assert reply.tool_calls == ({"name": "find", "arguments": '{"q":"ü"}'},)
    assert message_of(reply.body).content[0].signature == "s"


def test_a_whole_message_as_a_chat_and_as_a_response():
    body = json.dumps(WHOLE).encode()
    reply = PROVIDER.reply(chat(), body)
    choice = chat_of(reply.body).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("so", "tool_calls")
    assert choice.message.tool_calls[0].function.arguments == '{"q":"ü"}'
    assert choice.message.reasoning_content == "hm"
    assert chat_of(reply.body).usage.prompt_tokens == 10
    assert reply.usage == USAGE
    response = response_of(PROVIDER.reply(Ask(operation="response", body={"model": "m"}), body).body)
    assert [item.type for item in response.output] == ["reasoning", "message", "function_call"]


@pytest.mark.parametrize(("theirs", "ours"), [
    ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("tool_use", "tool_calls"),
    ("refusal", "content_filter"), ("model_context_window_exceeded", "length"), ("a_new_one", "stop"),
])  # fmt: skip
def test_reasons_to_end(theirs, ours):
    assert PROVIDER.reply(chat(), json.dumps({**WHOLE, "stop_reason": theirs}).encode()).finish == ours


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"{}", b'{"content": null}',
    b'{"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}',
])  # fmt: skip
def test_what_is_no_message_is_an_error_of_the_upstream(body):
    for operation in ("message", "chat"):
        with pytest.raises(UpstreamError):
            PROVIDER.reply(Ask(operation=operation, body={}), body)


def test_missing_usage_is_unknown():
    assert PROVIDER.reply(chat(), json.dumps({**WHOLE, "usage": None}).encode()).usage is None


def test_a_refusal_is_told_in_the_vendor_s_words():
    body = b'{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too large"}}'
    assert PROVIDER.refusal(400, body) == "max_tokens: too large"
