"""The stock `openai` and `anthropic` clients call applications through a real worker."""

import json

import openai
import pytest
from tests.web.gateway.gateways import Gateway, application, new_home, upstream_of

from loopwright.testing.upstream_server import LocalUpstream

HELLO = [{"role": "user", "content": "Hello, who are you?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A gateway over one upstream, for the tests of this file."""
    home = new_home(tmp_path_factory.mktemp("project"))
    with LocalUpstream() as upstream:
        version = home.serve("support", application(upstream_of(upstream)))
        with Gateway(home) as gateway:
            gateway.version, gateway.upstream = version, upstream
            yield gateway
    home.stores.close()


def test_a_chat_is_answered_logged_and_says_who_answered(place):
    answer = place.openai().chat.completions.with_raw_response.create(model="support", messages=HELLO)
    said = answer.parse()
    assert "who are you" in said.choices[0].message.content
    assert said.usage.prompt_tokens > 0
    assert answer.headers["loopwright-version"] == place.version
    assert (answer.headers["loopwright-arm"], answer.headers["loopwright-upstream"]) == ("champion", "local")
    row = place.home.row(answer.headers["x-request-id"])
    assert (row["endpoint"], row["arm"], row["version"], row["status"]) == ("support", "champion", place.version, 200)
    assert (row["upstream"], row["model"], row["attempts"]) == ("local", "tiny", 1)
    assert (row["input_tokens"], row["output_tokens"]) == (said.usage.prompt_tokens, said.usage.completion_tokens)
    assert (row["operation"], row["stream"], row["finish"]) == ("chat", False, "stop")
    assert row["inputs"] in ({}, None)


def test_a_stream_is_the_same_answer_piece_by_piece_and_is_logged_with_its_tokens(place):
    client = place.openai()
    whole = client.chat.completions.create(model="support", messages=HELLO).choices[0].message.content
    with client.chat.completions.with_streaming_response.create(model="support", messages=HELLO, stream=True) as answer:
        id = answer.headers["x-request-id"]
        chunks = list(answer.parse())
    assert len(chunks) > 2
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert all(chunk.usage is None for chunk in chunks)
    row = place.home.row(id)
    assert (row["status"], row["stream"], row["finish"]) == (200, True, "stop")
    assert row["output_tokens"] > 0
    assert 0 < row["first_token_us"] <= row["latency_us"]


def test_usage_comes_in_the_stream_where_it_was_asked_for(place):
    chunks = list(
        place.openai().chat.completions.create(
            model="support", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage.completion_tokens > 0


def test_a_model_that_is_none_is_said_in_the_callers_protocol(place):
    with pytest.raises(openai.NotFoundError) as caught:
        place.openai().chat.completions.create(model="nobody", messages=HELLO)
    assert caught.value.body["param"] == "model"
    assert "support" in caught.value.body["message"]


def test_a_version_is_pinned_by_its_digest(place):
    answer = place.openai().chat.completions.create(model=f"support@{place.version[:12]}", messages=HELLO)
    assert answer.choices[0].message.content
    with pytest.raises(openai.NotFoundError):
        place.openai().chat.completions.create(model="support@0123456789ab", messages=HELLO)


def test_models_are_listed(place):
    client = place.openai()
    assert [model.id for model in client.models.list()] == ["support"]
    assert client.models.retrieve("support").id == "support"
    assert [model.id for model in place.anthropic().models.list()] == ["support"]


def test_tools_are_called_whole_and_in_a_stream(place):
    client = place.openai()
    asked = {"model": "support", "messages": [{"role": "user", "content": "Weather in Paris?"}], "tools": [WEATHER]}
    call = client.chat.completions.create(**asked, tool_choice="required").choices[0].message.tool_calls[0]
    assert call.function.name == "weather"
    assert isinstance(json.loads(call.function.arguments), dict)
    chunks = client.chat.completions.create(**asked, tool_choice="required", stream=True)
    steps = [step for chunk in chunks for step in chunk.choices[0].delta.tool_calls or ()]
    assert steps[0].function.name == "weather"
    assert json.loads("".join(step.function.arguments or "" for step in steps)) == json.loads(call.function.arguments)
