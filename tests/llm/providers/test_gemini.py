import json

import pytest
from tests.llm.protocols.clients import (
    MESSAGES,
    openai_client,
)
from tests.llm.providers.geminis import (
    PROVIDER,
    UPSTREAM,
    chat,
    replied,
    sent,
)

from loopwright.errors import UpstreamError, UpstreamRefusedError
from loopwright.llm.ask import Ask
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream


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


@pytest.mark.parametrize("model", ["../../../admin", "models/..", "a/../b", "/admin", "models//x", "./x"])
def test_a_model_s_name_leads_nowhere_else(model: str) -> None:
    upstream = Upstream(name="g", url="http://h", model=model)
    with pytest.raises(UpstreamRefusedError, match="model"):
        provider_of("gemini").request(upstream, Ask(operation="chat", body={"messages": []}), "k")
