"""Every protocol through the stock clients, over upstreams of two kinds, with and without a prompt."""

import base64
import json

import pytest
from pydantic import BaseModel
from tests.web.gateway.gateways import Gateway, application, new_home, upstream_of

from loopwright.llm.prompts.prompt import Prompt
from loopwright.testing.upstream_server import LocalUpstream

HELLO = [{"role": "user", "content": "Hello there"}]
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
    )
).decode()
PROMPT = Prompt(name="kind", system="You are kind.", user="Please: {{ question }}")
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
MODELS = ("plain", "prompted", "claude")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = new_home(tmp_path_factory.mktemp("project"))
    with LocalUpstream() as upstream:
        home.serve("plain", application(upstream_of(upstream)))
        home.serve("prompted", application(upstream_of(upstream), prompt=PROMPT))
        home.serve("claude", application(upstream_of(upstream, api="anthropic")))
        with Gateway(home) as gateway:
            gateway.upstream = upstream
            yield gateway
    home.stores.close()


def expected(model):
    return "Please: Hello there" if model == "prompted" else "Hello there"


@pytest.mark.parametrize("model", MODELS)
def test_chat_whole_and_streamed(place, model):
    client = place.openai()
    said = client.chat.completions.create(model=model, messages=HELLO)
    assert said.choices[0].message.content == expected(model)
    assert said.choices[0].finish_reason == "stop"
    assert said.usage.total_tokens > 0
    chunks = list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == expected(model)


@pytest.mark.parametrize("model", MODELS)
def test_messages_whole_and_streamed(place, model):
    client = place.anthropic()
    said = client.messages.create(model=model, max_tokens=50, messages=HELLO)
    assert said.content[0].text == expected(model)
    assert said.stop_reason == "end_turn"
    assert said.usage.output_tokens > 0
    with client.messages.stream(model=model, max_tokens=50, messages=HELLO) as stream:
        assert "".join(stream.text_stream) == expected(model)
        final = stream.get_final_message()
    assert final.content[0].text == expected(model)


@pytest.mark.parametrize("model", MODELS)
def test_responses_whole_and_streamed(place, model):
    client = place.openai()
    said = client.responses.create(model=model, input="Hello there")
    assert said.output_text == expected(model)
    events = list(client.responses.create(model=model, input="Hello there", stream=True))
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == expected(model)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == expected(model)


@pytest.mark.parametrize("model", ["plain", "prompted"])
def test_completions_whole_and_streamed(place, model):
    client = place.openai()
    said = client.completions.create(model=model, prompt="Hello there")
    assert said.choices[0].text.strip() == expected(model)
    chunks = client.completions.create(model=model, prompt="Hello there", stream=True)
    assert "".join(c.choices[0].text for c in chunks if c.choices).strip() == expected(model)


def test_embeddings(place):
    found = place.openai().embeddings.create(model="plain", input=["one", "two"])
    assert len(found.data) == 2
    assert len(found.data[0].embedding) > 1
    assert found.usage.total_tokens > 0


@pytest.mark.parametrize("model", ["plain", "claude"])
def test_images_are_passed_through(place, model):
    content = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    place.openai().chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert PIXEL in json.dumps(place.upstream.seen[-1].body)


@pytest.mark.parametrize("model", MODELS)
def test_tools_of_messages(place, model):
    client = place.anthropic()
    asked = {"model": model, "max_tokens": 100, "tools": [WEATHER], "tool_choice": {"type": "any"}}
    said = client.messages.create(**asked, messages=[{"role": "user", "content": "Weather in Paris?"}])
    (call,) = [block for block in said.content if block.type == "tool_use"]
    assert (call.name, said.stop_reason) == ("weather", "tool_use")
    assert isinstance(call.input["city"], str)
    with client.messages.stream(**asked, messages=[{"role": "user", "content": "Weather in Paris?"}]) as stream:
        final = stream.get_final_message()
    assert [block.input for block in final.content if block.type == "tool_use"] == [call.input]


class City(BaseModel):
    name: str
    people: int


@pytest.mark.parametrize("model", ["plain", "prompted"])
def test_structured_outputs_are_parsed(place, model):
    said = place.openai().chat.completions.parse(model=model, messages=HELLO, response_format=City)
    assert isinstance(said.choices[0].message.parsed, City)


def test_a_schema_reaches_an_upstream_of_another_kind_in_its_own_words(place):
    schema = {"name": "city", "schema": City.model_json_schema()}
    form = {"type": "json_schema", "json_schema": schema}
    place.openai().chat.completions.create(model="claude", messages=HELLO, response_format=form)
    assert place.upstream.seen[-1].path == "/v1/messages"
    assert place.upstream.seen[-1].body["output_config"]["format"]["schema"]["required"] == ["name", "people"]


def test_a_prompts_parameters_and_examples_reach_the_upstream(place):
    place.openai().chat.completions.create(
        model="prompted", messages=[{"role": "assistant", "content": "Yes?"}, *HELLO], temperature=0.5
    )
    body = place.upstream.seen[-1].body
    assert [message["role"] for message in body["messages"]] == ["system", "assistant", "user"]
    assert body["messages"][-1]["content"] == "Please: Hello there"
    assert body["temperature"] == 0.5
    assert body["model"] == "tiny"


def test_unicode_survives(place):
    words = "Grüße, 世界 🎉 \u200b"
    said = place.openai().chat.completions.create(model="plain", messages=[{"role": "user", "content": words}])
    assert said.choices[0].message.content.strip("\u200b ") == words.strip("\u200b ")
