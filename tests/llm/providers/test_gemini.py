import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llm.protocols.clients import (
    MESSAGES,
    chat_chunks,
    chat_of,
    message_final,
    message_of,
    openai_client,
    response_final,
)

from loopwright.errors import UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Ask, Usage
from loopwright.llm.providers.gemini import GeminiProvider
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream

PROVIDER = GeminiProvider()
UPSTREAM = Upstream(name="g", api="gemini", url="https://generativelanguage.googleapis.com/v1beta", model="gemini-x")
USAGE = Usage(input_tokens=12, output_tokens=9, cache_read_tokens=4, reasoning_tokens=3)
COUNTS = {"promptTokenCount": 10, "candidatesTokenCount": 6, "thoughtsTokenCount": 3, "cachedContentTokenCount": 4,
          "toolUsePromptTokenCount": 2, "totalTokenCount": 21}  # fmt: skip


def chat(**body):
    return Ask(operation="chat", body={"model": "m", "messages": MESSAGES, **body}, stream=bool(body.get("stream")))


def sent(ask):
    return json.loads(PROVIDER.request(UPSTREAM, ask, "").body)


def test_a_chat_with_everything_is_the_same_for_gemini():
    call = {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'},
            "extra_content": {"google": {"thought_signature": "sig"}}}  # fmt: skip
    body = sent(chat(
        messages=[
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"format": "wav", "data": "CCCC"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,BBBB"}}]},
            {"role": "assistant", "content": "so", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": '{"found": 2}'},
            {"role": "user", "content": "and?"},
        ],
        tools=[
            {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}],
        tool_choice={"type": "function", "function": {"name": "find"}}, stop="END", temperature=0.5, top_p=0.9, seed=7,
        max_tokens=9, reasoning_effort="medium", presence_penalty=0.1, user="u", safetySettings=[{"category": "x"}],
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    ))  # fmt: skip

    assert body == {
        "systemInstruction": {"parts": [{"text": "be kind"}]},
        "safetySettings": [{"category": "x"}],
        "contents": [
            {"role": "user", "parts": [
                {"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"inlineData": {"mimeType": "audio/wav", "data": "CCCC"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}}]},
            {"role": "model", "parts": [
                {"text": "so"}, {"functionCall": {"name": "find", "args": {"q": 1}}, "thoughtSignature": "sig"}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "find", "response": {"found": 2}}}, {"text": "and?"}]},
        ],
        "tools": [{"functionDeclarations": [
            {"name": "find", "description": "d", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["find"]}},
        "generationConfig": {
            "temperature": 0.5, "topP": 0.9, "seed": 7, "presencePenalty": 0.1, "maxOutputTokens": 9,
            "stopSequences": ["END"], "thinkingConfig": {"thinkingBudget": 8192},
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
    }  # fmt: skip


def test_paths_keys_and_headers():
    request = PROVIDER.request(UPSTREAM, chat(), "hush")
    assert request.path == "/models/gemini-x:generateContent"
    assert request.headers == {"content-type": "application/json", "x-goog-api-key": "hush"}
    assert b"hush" not in request.body
    assert PROVIDER.request(UPSTREAM, chat(stream=True), "").path == "/models/gemini-x:streamGenerateContent?alt=sse"
    tuned = Upstream(name="g", url="http://h", model="tunedModels/a b?c")
    assert PROVIDER.request(tuned, chat(), "").path == "/tunedModels/a%20b%3Fc:generateContent"
    assert provider_of("gemini").name == "gcp.gemini"


def test_parameters_of_the_upstream_stand_in_for_what_the_caller_left_out():
    parameters = {"temperature": 0, "max_tokens": 5, "labels": {}}
    upstream = Upstream(name="g", url="http://h", model="m", parameters=parameters)
    body = json.loads(PROVIDER.request(upstream, chat(temperature=1), "").body)
    assert body["generationConfig"] == {"temperature": 1, "maxOutputTokens": 5}
    assert body["labels"] == {}


def test_every_other_operation_is_translated():
    message = {"model": "m", "max_tokens": 5, "system": "s", "messages": MESSAGES}
    assert sent(Ask(operation="message", body=message)) == {
        "systemInstruction": {"parts": [{"text": "s"}]}, "generationConfig": {"maxOutputTokens": 5},
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
    }  # fmt: skip
    for operation, body in [("response", {"input": "hello"}), ("completion", {"prompt": "hello"})]:
        ask = Ask(operation=operation, body={"model": "m", **body})
        assert sent(ask)["contents"] == [{"role": "user", "parts": [{"text": "hello"}]}]


@pytest.mark.parametrize(("said", "mode"), [("auto", "AUTO"), ("required", "ANY"), ("none", "NONE")])
def test_every_choice_of_tools(said, mode):
    assert sent(chat(tool_choice=said))["toolConfig"] == {"functionCallingConfig": {"mode": mode}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"verbosity": "low"}, "verbosity"), ({"modalities": ["audio"]}, "modalities"),
        ({"reasoning_effort": "odd"}, "reasoning_effort"),
        ({"response_format": {"type": "odd"}}, "response_format.type"),
        ({"parallel_tool_calls": False, "tools": [{"type": "function"}]}, "parallel_tool_calls"),
        ({"tools": [{"type": "custom"}]}, "tools.0.type"), ({"tool_choice": "odd"}, "tool_choice"),
        ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}, "messages.0.tool_call_id"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://h/i"}}]}]},
         "messages.0.content.0.image_url.url"),
    ],
)  # fmt: skip
def test_what_gemini_cannot_be_told_is_refused_by_name(body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        PROVIDER.request(UPSTREAM, chat(**body), "")
    assert caught.value.context["field"] == field


def answer(*parts, reason="STOP", **fields):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    known = {"usageMetadata": COUNTS, "modelVersion": "gemini-x-001", "responseId": "r1"}
    return {"candidates": [candidate], **known, **fields}


CALL = {"functionCall": {"name": "find", "args": {"q": "ü"}}, "thoughtSignature": "sig"}


def replied(data, ask=None):
    return PROVIDER.reply(ask or chat(), json.dumps(data).encode())


def test_a_whole_answer_as_a_chat_and_as_a_message():
    data = answer({"text": "hm", "thought": True}, {"text": "so"}, CALL)
    reply = replied(data)
    (choice,) = chat_of(reply.body).choices
    assert (choice.message.content, choice.message.reasoning_content) == ("so", "hm")
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.arguments == '{"q":"ü"}'
    assert choice.message.tool_calls[0].extra_content == {"google": {"thought_signature": "sig"}}
    assert (reply.usage, reply.model, reply.id, reply.finish) == (USAGE, "gemini-x-001", "r1", "tool_calls")
    message = message_of(replied(data, Ask(operation="message", body={"model": "m"})).body)
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]


@pytest.mark.parametrize(("theirs", "ours"), [
    ("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("RECITATION", "content_filter"),
])  # fmt: skip
def test_reasons_to_end(theirs, ours):
    assert replied(answer({"text": "x"}, reason=theirs)).finish == ours


def test_a_request_that_the_upstream_s_own_guards_refuse_is_an_empty_answer():
    reply = replied({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}})
    assert (reply.text, reply.finish, reply.usage) == ("", "content_filter", Usage(input_tokens=4))
    assert chat_of(reply.body).choices[0].message.content == ""


@pytest.mark.parametrize("body", [
    b"", b"{", b"{}", b'{"candidates": []}', b'[{"error": {"message": "no"}}]',
    b'{"error": {"code": 400, "message": "no"}}',
    b'{"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}',
])  # fmt: skip
def test_what_is_no_answer_is_an_error_of_the_upstream(body):
    with pytest.raises(UpstreamError):
        PROVIDER.reply(chat(), body)


def test_missing_usage_is_unknown():
    assert replied(answer({"text": "x"}, usageMetadata={})).usage is None


def test_embeddings_for_the_stock_client():
    asked = {"model": "m", "input": ["a", "b"], "dimensions": 2, "encoding_format": "base64"}
    ask = Ask(operation="embedding", body=asked)
    request = PROVIDER.request(UPSTREAM, ask, "")
    assert request.path == "/models/gemini-x:batchEmbedContents"
    assert json.loads(request.body)["requests"][1] == {
        "model": "models/gemini-x", "content": {"parts": [{"text": "b"}]}, "outputDimensionality": 2
    }  # fmt: skip
    body = replied({"embeddings": [{"values": [0.5, -0.25]}, {"values": [1, 0]}]}, ask).body
    data = openai_client(body).embeddings.create(model="m", input=["a", "b"]).data
    assert [one.embedding for one in data] == [[0.5, -0.25], [1.0, 0.0]]
    plain = replied({"embeddings": [{"values": [0.5]}]}, Ask(operation="embedding", body={"input": "a"})).body
    assert json.loads(plain)["data"][0]["embedding"] == [0.5]
    assert json.loads(plain)["usage"] is None


def test_embeddings_of_tokens_are_refused_and_none_is_an_error():
    with pytest.raises(UpstreamRefusedError):
        PROVIDER.request(UPSTREAM, Ask(operation="embedding", body={"input": [1, 2]}), "")
    with pytest.raises(UpstreamError):
        replied({"embeddings": []}, Ask(operation="embedding", body={"input": "a"}))


def event(data):
    return b"data: " + json.dumps(data).encode() + b"\r\n\r\n"


def stream(text, thought="", calls=(), reason="STOP"):
    events = [event(answer({"text": one, "thought": True}, reason=None)) for one in thought]
    events += [event(answer({"text": one}, reason=None)) for one in text]
    events += [event(answer({"functionCall": {"name": "find", "args": args}}, reason=None)) for args in calls]
    return [*events, event(answer({"text": ""}, reason=reason))]


def read(events, ask, cuts=()):
    reader = PROVIDER.reader(ask)
    whole = b"".join(events)
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    pieces = [piece for a, b in pairwise(places) for piece in reader.feed(whole[a:b])]
    return [*pieces, *reader.end()], reader


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=10)
TELLING = chat(stream=True, stream_options={"include_usage": True})


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
