"""The local upstream speaks as the vendors' own clients expect, and fails as it is told."""

import http.client
import json
import time
from urllib.parse import urlsplit

import anthropic
import openai
import pytest
from pydantic import BaseModel

from loopwright.testing.upstream_faults import KINDS, fault_of
from loopwright.testing.upstream_server import LocalUpstream

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
        },
    }
]


@pytest.fixture
def upstream():
    with LocalUpstream() as running:
        yield running


@pytest.fixture
def client(upstream):
    with openai.OpenAI(base_url=upstream.url, api_key="any", max_retries=0, timeout=5) as made:
        yield made


def user(text: str) -> list:
    return [{"role": "user", "content": text}]


def test_a_chat_echoes_and_counts(client, upstream):
    answer = client.chat.completions.create(model="tiny", messages=user("Good morning, world."))
    assert answer.choices[0].message.content == "Good morning, world."
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 3)
    assert answer.choices[0].finish_reason == "stop"
    assert upstream.counts["calls"] == 1
    assert upstream.seen[0].body["messages"] == user("Good morning, world.")


def test_a_stream_says_the_same_with_its_usage_at_the_end(client):
    chunks = list(
        client.chat.completions.create(
            model="tiny", messages=user("one two three"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "one two three"
    assert chunks[-1].usage.completion_tokens == 3
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def test_an_answer_is_cut_at_its_most_tokens(client):
    answer = client.chat.completions.create(model="tiny", messages=user("a b c d"), max_tokens=2)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("a b", "length")


def test_documents_are_quoted_by_the_words_of_the_question(client):
    system = "<document id='1'>Cats sleep all day. Dogs bark at night.</document>"
    messages = [{"role": "system", "content": system}, *user("When do dogs bark?")]
    assert (
        client.chat.completions.create(model="tiny", messages=messages).choices[0].message.content
        == "Dogs bark at night."
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_that_is_named_is_called_and_its_result_told(client, stream):
    asked = user("weather city: Oslo days: 3")
    with client.chat.completions.stream(model="tiny", messages=asked, tools=TOOLS) as events:
        streamed = events.get_final_completion()
    whole = client.chat.completions.create(model="tiny", messages=asked, tools=TOOLS)
    answer = streamed if stream else whole
    call = answer.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo", "days": 3})
    assert answer.choices[0].finish_reason == "tool_calls"
    result = [
        *asked,
        answer.choices[0].message.model_dump(),
        {"role": "tool", "tool_call_id": call.id, "content": "Rain"},
    ]
    told = client.chat.completions.create(model="tiny", messages=result, tools=TOOLS)
    assert told.choices[0].message.content == "Rain"


def test_a_schema_is_followed(client):
    class Verdict(BaseModel):
        passed: bool
        score: float
        reason: str

    answer = client.chat.completions.parse(
        model="tiny", messages=user("score: 0.5 reason: fine"), response_format=Verdict
    )
    assert answer.choices[0].message.parsed == Verdict(passed=True, score=0.5, reason="fine")


def test_a_test_may_say_the_answer(client):
    with LocalUpstream(say=lambda question: f"heard {len(question.turns)}") as upstream:
        answer = client.with_options(base_url=upstream.url).chat.completions.create(model="t", messages=user("x"))
    assert answer.choices[0].message.content == "heard 1"
    answer = client.chat.completions.create(model="t", messages=user("Judge this.\nSAY: it passes"))
    assert answer.choices[0].message.content == "it passes"


def test_completions_stream_and_come_whole(client):
    assert client.completions.create(model="tiny", prompt="a b").choices[0].text == "a b"
    assert [c.choices[0].text for c in client.completions.create(model="tiny", prompt="a b", stream=True)] == [
        "a", " b", "",
    ]  # fmt: skip


def test_embeddings_are_the_same_for_the_same_text_and_near_for_like_ones(client):
    texts = ["the cat sat down", "the cat sat up", "quarterly revenue figures", "the cat sat down"]
    data = client.embeddings.create(model="tiny", input=texts).data
    a, b, c, again = (one.embedding for one in data)
    near, far = (sum(x * y for x, y in zip(a, other, strict=True)) for other in (b, c))
    assert a == again
    assert near > 0.5 > far
    assert sum(x * x for x in a) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("tools", [False, True])
def test_responses_stream_and_come_whole(client, tools):
    offered = [
        {"type": "function", "name": "weather", "parameters": TOOLS[0]["function"]["parameters"], "strict": False}
    ]
    options = {"model": "tiny", "input": "weather city: Rome days: 2", "tools": offered if tools else []}
    whole = client.responses.create(**options)
    with client.responses.stream(**options) as events:
        kinds = [event.type for event in events]
        streamed = events.get_final_response()
    assert streamed.output_text == whole.output_text == ("" if tools else "weather city: Rome days: 2")
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    if tools:
        assert json.loads(streamed.output[0].arguments) == {"city": "Rome", "days": 2}


@pytest.mark.parametrize("tools", [False, True])
def test_messages_stream_and_come_whole(upstream, tools):
    offered = [{"name": "weather", "input_schema": TOOLS[0]["function"]["parameters"]}]
    options = {
        "model": "tiny", "max_tokens": 50, "messages": user("weather city: Rome days: 2"),
        "tools": offered if tools else [],
    }  # fmt: skip
    with anthropic.Anthropic(base_url=upstream.origin, api_key="any", max_retries=0) as client:
        whole = client.messages.create(**options)
        with client.messages.stream(**options) as events:
            streamed = events.get_final_message()
    assert streamed.content[0].type == whole.content[0].type == ("tool_use" if tools else "text")
    if tools:
        assert streamed.content[0].input == whole.content[0].input == {"city": "Rome", "days": 2}
    assert (streamed.stop_reason, streamed.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)


def test_a_wrong_key_an_unknown_model_and_a_wrong_body_are_refused(client):
    with LocalUpstream(key="right") as upstream, pytest.raises(openai.AuthenticationError):
        client.with_options(base_url=upstream.url).chat.completions.create(model="tiny", messages=user("x"))
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="unknown-model", messages=user("x"))
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="tiny", messages="text")


def ask(upstream, fault, *, stream=False, timeout=1.0):
    connection = http.client.HTTPConnection(urlsplit(upstream.origin).netloc, timeout=timeout)
    body = json.dumps({"model": "tiny", "messages": user("one two three four"), "stream": stream})
    try:
        connection.request("POST", "/v1/chat/completions", body, {"x-fault": fault})
        answer = connection.getresponse()
        return answer.status, answer.getheader("retry-after"), answer.read()
    finally:
        connection.close()


def test_faults_of_status_come_with_their_retry_after(upstream):
    assert ask(upstream, "429=1.5")[:2] == (429, "1.5")
    assert ask(upstream, "500")[0] == 500


@pytest.mark.parametrize("fault", ["hang", "hang_after_head", "hang_midway"])
def test_hanging_hangs_and_the_caller_who_goes_is_counted(upstream, fault):
    with pytest.raises(TimeoutError):
        ask(upstream, fault, timeout=0.2)
    wait_for(lambda: upstream.counts["cancelled"] == 1)


def test_broken_answers_break_as_named(upstream):
    with pytest.raises(http.client.IncompleteRead):
        ask(upstream, "truncated", stream=True)
    with pytest.raises(http.client.IncompleteRead):
        ask(upstream, "wrong_length")
    with pytest.raises(ConnectionResetError):
        ask(upstream, "reset")
    with pytest.raises(http.client.BadStatusLine):
        ask(upstream, "bad_head")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(upstream, "close")
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask(upstream, "malformed_json")[2])
    assert not ask(upstream, "ends_early", stream=True)[2].endswith(b"[DONE]\n\n")
    assert b"{not json" in ask(upstream, "malformed_sse", stream=True)[2]
    assert ask(upstream, "byte_by_byte", stream=True)[2] == ask(upstream, "", stream=True)[2]


def test_a_slow_stream_that_nobody_reads_is_counted_as_cancelled(client, upstream):
    upstream.fail("slow=0.05")
    stream = client.chat.completions.create(model="tiny", messages=user("a " * 100), stream=True)
    next(iter(stream))
    stream.close()
    wait_for(lambda: upstream.counts["cancelled"] == 1)
    assert upstream.counts["under_way"] == 0


def test_a_share_is_about_that_share_and_times_count_from_the_first(upstream):
    failed = [ask(upstream, "500@0.2")[0] == 500 for _ in range(200)]
    assert 25 <= sum(failed) <= 55
    assert [ask(upstream, "500*2")[0] for _ in range(4)] == [500, 500, 200, 200]


def test_of_several_faults_a_call_meets_the_first_that_hits(upstream):
    upstream.fail("500*1 429=3*2 400@0")
    assert [ask(upstream, "")[:2] for _ in range(3)] == [(500, None), (429, "3"), (200, None)]


def test_a_fault_can_be_one_models(upstream):
    upstream.fail("500", model="other")
    assert ask(upstream, "")[0] == 200


@pytest.mark.parametrize("text", ["nonsense", "500@", "=5"])
def test_a_fault_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="is no fault"):
        fault_of(text)


def test_every_kind_of_fault_can_be_written():
    assert {fault_of(kind).kind for kind in KINDS} == set(KINDS)


def wait_for(condition, limit_s=2.0):
    until = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
