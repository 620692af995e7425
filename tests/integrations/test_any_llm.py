"""Vendors by any-llm, against a local upstream through any-llm's own client of OpenAI."""

import json
import threading
import time

import pytest

pytest.importorskip("any_llm", reason="any-llm-sdk is not installed")

from tests.llm.protocols.clients import chat_chunks, chat_of, response_of

from loopwright.errors import MissingExtraError, UpstreamError, UsageError
from loopwright.integrations import any_llm
from loopwright.integrations.any_llm import answered
from loopwright.llm.ask import Ask
from loopwright.llm.local_upstream import LocalAsk
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream
from loopwright.testing.upstream_server import LocalUpstream

MESSAGES = [{"role": "user", "content": "hello"}]
PROVIDER = provider_of("openai")


@pytest.fixture
def upstream():
    with LocalUpstream(key="the-key") as running:
        yield running


def where_of(upstream):
    return f"openai?api_base={upstream.url}"


def called(upstream, ask, *, secret="the-key", given_up=lambda: False, where=None):
    named = Upstream(name="a", url="http://unused/v1", model="tiny")
    request = PROVIDER.request(named, ask, secret)
    return answered(LocalAsk(where=where or where_of(upstream), ask=request, given_up=given_up))


def chat(**body):
    body = {"model": "mine", "messages": MESSAGES, **body}
    return Ask(operation="chat", body=body, stream=bool(body.get("stream")))


def read(answer, ask):
    reader = PROVIDER.reader(ask)
    pieces = [piece for data in answer.pieces for piece in reader.feed(data)]
    return [*pieces, *reader.end()], reader.outcome


def test_a_chat_is_answered_by_the_vendor_under_the_upstreams_model(upstream):
    answer = called(upstream, chat(max_tokens=20))

    assert answer.status == 200
    reply = PROVIDER.reply(chat(), answer.body)
    assert reply.text
    assert reply.finish == "stop"
    assert reply.usage.input_tokens > 0
    assert chat_of(answer.body).choices[0].message.content == reply.text
    seen = upstream.seen[-1]
    assert seen.headers["authorization"] == "Bearer the-key"
    assert seen.body["model"] == "tiny"
    assert "the-key" not in json.dumps(seen.body)


def test_a_call_of_a_tool_comes_back(upstream):
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
    answer = called(upstream, chat(tools=[tool], tool_choice="required"))
    reply = PROVIDER.reply(chat(), answer.body)
    assert reply.tool_calls[0]["name"] == "find"
    assert chat_of(answer.body).choices[0].message.tool_calls[0].function.name == "find"


def test_a_stream_is_events_with_usage_at_the_end(upstream):
    ask = chat(stream=True)
    whole = PROVIDER.reply(chat(), called(upstream, chat()).body)

    answer = called(upstream, ask)
    pieces, outcome = read(answer, ask)

    assert answer.media_type == b"text/event-stream"
    assert "".join(piece.text for piece in pieces) == whole.text
    assert outcome.usage == whole.usage
    assert outcome.finish == "stop"
    assert len(pieces) > 3
    assert "".join(one.choices[0].delta.content or "" for one in chat_chunks([p.event for p in pieces])) == whole.text


def test_responses_are_answered_whole_and_as_streams(upstream):
    ask = Ask(operation="response", body={"model": "mine", "input": "hello"})
    whole = called(upstream, ask)
    reply = PROVIDER.reply(ask, whole.body)
    assert reply.text
    assert response_of(whole.body).output_text == reply.text

    streamed = Ask(operation="response", body={"model": "mine", "input": "hello", "stream": True}, stream=True)
    pieces, outcome = read(called(upstream, streamed), streamed)
    assert "".join(piece.text for piece in pieces) == reply.text
    assert outcome.usage == reply.usage


@pytest.mark.parametrize("packed", [True, False])
def test_embeddings_are_as_the_caller_wants_them(upstream, packed):
    form = {"encoding_format": "base64"} if packed else {}
    ask = Ask(operation="embedding", body={"model": "mine", "input": ["a", "b"], **form})
    data = json.loads(called(upstream, ask).body)["data"]
    assert [one["index"] for one in data] == [0, 1]
    assert all(isinstance(one["embedding"], str if packed else list) for one in data)


@pytest.mark.parametrize(("fault", "status"), [("500", 500), ("429", 429), ("503", 503), ("400", 400)])
def test_what_the_vendor_refuses_has_its_status_and_is_tried_once(upstream, fault, status):
    upstream.fail(fault)
    for ask in (chat(), chat(stream=True)):
        before = upstream.counts["calls"]
        answer = called(upstream, ask)
        assert answer.status == status
        assert "told to fail" in PROVIDER.refusal(answer.status, answer.body)
        assert upstream.counts["calls"] == before + 1


def test_a_wrong_key_is_told_without_it(upstream):
    answer = called(upstream, chat(), secret="sk-not-the-right-key")
    assert answer.status == 401
    assert "not-the-right" not in PROVIDER.refusal(answer.status, answer.body)


def test_a_field_that_any_llm_does_not_know_is_refused_by_name(upstream):
    for field in ("api_base", "extra_headers", "client_args", "timeout", "metadata"):
        answer = called(upstream, chat(**{field: {"authorization": "x"}}))
        assert answer.status == 400
        assert field in PROVIDER.refusal(400, answer.body)
    assert upstream.counts["calls"] == 0


def test_a_completion_is_refused(upstream):
    ask = Ask(operation="completion", body={"model": "mine", "prompt": "p"})
    assert called(upstream, ask).status == 404


def test_a_key_that_the_upstream_does_not_name_is_not_sent(upstream, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    with pytest.raises(UsageError) as caught:
        called(upstream, chat(), secret="")
    assert "env:OPENAI_API_KEY" in caught.value.fix
    assert "another-key" not in str(caught.value.as_dict())
    assert upstream.counts["calls"] == 0


def test_a_vendor_that_needs_a_key_says_so(upstream, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError) as caught:
        called(upstream, chat(), secret="")
    assert "key" in caught.value.fix


@pytest.mark.parametrize("where", ["nobody-of-that-name", "openai?base=http://127.0.0.1:1"])
def test_a_url_that_names_nothing_is_refused(upstream, where):
    with pytest.raises(UsageError) as caught:
        called(upstream, chat(), where=where)
    assert where.split("?")[0] in caught.value.what or "base" in caught.value.what


def test_a_missing_library_is_named_with_its_installation(upstream, monkeypatch):
    any_llm._vendor.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "any_llm", None)
    with pytest.raises(MissingExtraError) as caught:
        called(upstream, chat())
    assert caught.value.fix == 'pip install "loopwright[any-llm]"'


def test_a_vendors_own_library_is_named_too(upstream):
    with pytest.raises(MissingExtraError) as caught:
        called(upstream, chat(), where="mistral")
    assert "any-llm-sdk[mistral]" in caught.value.fix


@pytest.mark.parametrize("fault", ["truncated", "ends_early", "error_event", "malformed_sse"])
@pytest.mark.parametrize("operation", ["chat", "response"])
def test_a_stream_that_breaks_is_no_whole_answer(upstream, fault, operation):
    upstream.fail(fault)
    body = {"model": "mine", "messages": MESSAGES, "input": "hello", "stream": True}
    del body["input" if operation == "chat" else "messages"]
    ask = Ask(operation=operation, body=body, stream=True)
    answer = called(upstream, ask)
    assert answer.status == 200
    with pytest.raises(UpstreamError):
        read(answer, ask)


def test_a_call_that_is_given_up_is_not_waited_for_and_the_vendor_is_hung_up_on(upstream):
    upstream.fail("hang")
    given_up = threading.Event()
    threading.Timer(0.2, given_up.set).start()
    started = time.monotonic()
    answer = called(upstream, chat(), given_up=given_up.is_set)
    assert answer.status >= 500
    assert time.monotonic() - started < 3
    deadline = time.monotonic() + 3
    while not upstream.counts["cancelled"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert upstream.counts["cancelled"] == 1


def test_a_stream_that_nobody_reads_on_is_hung_up_on(upstream):
    upstream.fail("slow=0.3")
    given_up = threading.Event()
    answer = called(upstream, chat(stream=True), given_up=given_up.is_set)
    assert next(answer.pieces)
    given_up.set()
    deadline = time.monotonic() + 5
    while not upstream.counts["cancelled"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert upstream.counts["cancelled"] == 1


def test_thoughts_are_told_under_the_name_that_readers_know():
    def thinking(**said):
        return {"choices": [{"index": 0, "delta": {"content": "", "reasoning": said}}]}

    told = any_llm._plain(thinking(content="hm"))["choices"][0]["delta"]
    assert told["reasoning_content"] == "hm"
    assert "reasoning" not in told


def test_calls_from_several_threads_share_one_client(upstream):
    found = []
    threads = [threading.Thread(target=lambda: found.append(called(upstream, chat()).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 8
