import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llm.protocols.clients import message_final, message_of

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Usage
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream

PROVIDER = OpenAIProvider()
LOCAL = Upstream(name="a", url="http://127.0.0.1:1/v1", model="llama")
VENDOR = Upstream(name="a", url="https://api.openai.com/v1", model="gpt-5")


def chat(**body):
    raw = json.dumps({"model": "mine", "messages": [{"role": "user", "content": "hi"}], **body}, indent=1).encode()
    return read_ask("chat", raw)


def sent(upstream, ask):
    return json.loads(PROVIDER.request(upstream, ask, "").body)


def test_the_model_is_cut_into_the_bytes_and_all_else_stays():
    ask = chat(tools=[{"type": "function", "function": {"name": "model", "parameters": {"model": "x"}}}], extra=1.10)

    request = PROVIDER.request(LOCAL, ask, "hush")

    assert request.path == "/chat/completions"
    assert json.loads(request.body) == {**ask.body, "model": "llama"}
    assert b'"model": "x"' in request.body
    assert request.headers == {"content-type": "application/json", "authorization": "Bearer hush"}
    assert b"hush" not in request.body


def test_the_same_is_said_with_bytes_and_without():
    ask = chat(stream=True, max_tokens=4)
    changed = ask.changed(temperature=0.5)
    assert changed.raw == b""
    for upstream in (LOCAL, VENDOR):
        assert sent(upstream, changed) == {**sent(upstream, ask), "temperature": 0.5}


def test_no_key_no_authorisation_and_further_headers_in_lower_case():
    upstream = Upstream(name="a", url="http://127.0.0.1:1/v1", model="m", headers={"X-Org": "o"})
    assert PROVIDER.request(upstream, chat(), "").headers == {"content-type": "application/json", "x-org": "o"}


def test_usage_of_a_stream_is_asked_for_whether_or_not_the_caller_did():
    assert sent(LOCAL, chat(stream=True))["stream_options"] == {"include_usage": True}
    own = sent(LOCAL, chat(stream=True, stream_options={"continuous_usage_stats": True, "include_usage": False}))
    assert own["stream_options"] == {"continuous_usage_stats": True, "include_usage": True}
    assert "stream_options" not in sent(LOCAL, chat())
    response = read_ask("response", b'{"model":"m","input":"i","stream":true}')
    assert "stream_options" not in sent(LOCAL, response)


def test_parameters_of_the_upstream_stand_in_for_what_the_caller_left_out():
    upstream = Upstream(name="a", url="http://h/v1", model="m", parameters={"temperature": 0, "seed": 7})
    assert sent(upstream, chat(temperature=1.0)) == {**chat(temperature=1.0).body, "model": "m", "seed": 7}


def test_openai_itself_is_told_the_limit_in_the_field_that_all_its_models_know():
    told = sent(VENDOR, chat(max_tokens=9))
    assert told["max_completion_tokens"] == 9
    assert "max_tokens" not in told
    assert sent(LOCAL, chat(max_tokens=9))["max_tokens"] == 9
    assert "max_completion_tokens" not in sent(LOCAL, chat(max_tokens=9))


@pytest.mark.parametrize(
    ("operation", "path", "body"),
    [
        ("completion", "/completions", {"prompt": "p"}),
        ("embedding", "/embeddings", {"input": "i"}),
        ("response", "/responses", {"input": "i"}),
    ],
)
def test_each_operation_has_its_path(operation, path, body):
    ask = Ask(operation=operation, body={"model": "x", **body})
    assert PROVIDER.takes(operation)
    assert PROVIDER.request(LOCAL, ask, "").path == path


def completion(**fields):
    message = {"role": "assistant", "content": "hello"}
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "llama-3",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
                  "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": None},
        **fields,
    }  # fmt: skip


def replied(data, operation="chat"):
    return PROVIDER.reply(Ask(operation=operation, body={"model": "m"}), json.dumps(data).encode())


def test_a_whole_answer_keeps_its_bytes():
    body = json.dumps(completion(), indent=2).encode()
    reply = PROVIDER.reply(chat(), body)
    assert reply.body == body
    assert (reply.text, reply.finish, reply.model, reply.id) == ("hello", "stop", "llama-3", "c1")
    assert reply.usage == Usage(input_tokens=9, output_tokens=2, cache_read_tokens=4)


def test_several_choices_and_calls_of_tools():
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    data = completion(choices=[
        {"index": 0, "message": {"role": "assistant", "content": "one"}, "finish_reason": "stop"},
        {"index": 1, "message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"},
        {"index": 2, "message": {"role": "assistant", "content": "two"}, "finish_reason": "stop"},
    ])  # fmt: skip
    reply = replied(data)
    assert reply.text == "one\ntwo"
    assert reply.tool_calls == ({"name": "f", "arguments": '{"a":1}'},)


def test_arguments_that_came_as_an_object_are_json_text():
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    data = completion(choices=[{"message": {"content": "", "tool_calls": [call]}, "finish_reason": "tool_calls"}])
    assert replied(data).tool_calls[0]["arguments"] == '{"a":1}'


def test_missing_usage_is_unknown_and_not_nothing():
    assert replied(completion(usage=None)).usage is None
    assert replied(completion(usage={})).usage is None


def test_completions_embeddings_and_responses():
    plain = replied({"id": "x", "choices": [{"text": "hello", "finish_reason": "length"}]}, "completion")
    assert (plain.text, plain.finish) == ("hello", "length")
    vectors = replied({"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 3, "total_tokens": 3}}, "embedding")
    assert (vectors.text, vectors.usage) == ("", Usage(input_tokens=3))
    response = replied({
        "id": "r", "status": "completed", "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": one} for one in ("hel", "lo")]},
            {"type": "function_call", "name": "f", "arguments": "{}"},
        ], "usage": {"input_tokens": 5, "output_tokens": 6, "output_tokens_details": {"reasoning_tokens": 4}},
    }, "response")  # fmt: skip
    assert (response.text, response.finish) == ("hello", "tool_calls")
    assert response.usage == Usage(input_tokens=5, output_tokens=6, reasoning_tokens=4)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>bad gateway</html>", b'{"id": "c1", "choices": [{"mess', b"[]", b"null", b"\xff",
        b'{"error": {"message": "no such model"}}', b'{"object": "error", "message": "vLLM says no"}',
        b'{"id":"c1","choices":[]}', b'{"id":"c1"}', b'{"choices":[null]}', b'{"choices":"x"}',
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_error_of_the_upstream(body):
    with pytest.raises(UpstreamError):
        PROVIDER.reply(chat(), body)


def test_an_error_with_status_200_says_what_the_upstream_said():
    with pytest.raises(UpstreamError) as caught:
        replied({"error": {"message": "no such model", "code": 404}})
    assert caught.value.why == "no such model"


NAMES = st.sampled_from(
    ["choices", "message", "content", "tool_calls", "function", "usage", "id", "error", "arguments", "finish_reason",
     "output", "type", "status", "data", "text"]
)  # fmt: skip
ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.sampled_from(["message", "function_call", "incomplete"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(NAMES, ANY, max_size=4), max_size=3)


@given(st.dictionaries(NAMES, ANY | OBJECTS, max_size=5), OBJECTS)
def test_any_json_is_an_answer_or_an_error_of_the_upstream(data, inner):
    message = [{"message": {"tool_calls": inner, "content": inner}}]
    for operation, body in [("chat", {"choices": message}), ("response", {"output": inner}), ("chat", data)]:
        with suppress(UpstreamError):
            replied(body, operation)
    for operation in ("completion", "embedding", "response"):
        with suppress(UpstreamError):
            replied(data, operation)


def test_the_table_knows_it():
    assert provider_of("openai").name == "openai"


def test_messages_go_as_chats_and_come_back_as_messages():
    raw = b'{"model":"m","max_tokens":5,"system":"s","messages":[{"role":"user","content":"hi"}],"stream":true}'
    ask = read_ask("message", raw)
    request = PROVIDER.request(LOCAL, ask, "")
    assert request.path == "/chat/completions"
    assert json.loads(request.body) == {
        "model": "llama", "max_tokens": 5, "stream": True, "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
    }  # fmt: skip
    message = message_of(replied(completion(), "message").body)
    assert (message.content[0].text, message.usage.input_tokens) == ("hello", 5)
    chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": "hey"}, "finish_reason": "stop"}]}
    reader = PROVIDER.reader(ask)
    pieces = [*reader.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n"), *reader.end()]
    assert message_final([piece.event for piece in pieces]).content[0].text == "hey"
