"""The built-in model in OpenAI's protocol, held to the stock client's own types."""

import json
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from loopwright.llm.builtin.answering import answered
from loopwright.llm.provider import HttpAsk


def _ask(path: str, **body: Any) -> Any:
    return answered(HttpAsk(path=path, body=json.dumps(body).encode()))


HELLO = [{"role": "user", "content": "hello there"}]


def test_a_chat_is_answered_as_the_client_reads_it() -> None:
    found = _ask("/chat/completions", messages=HELLO)
    said = ChatCompletion.model_validate_json(found.body)
    assert (found.status, said.choices[0].message.content, said.choices[0].finish_reason) == (
        200,
        "You said: hello there",
        "stop",
    )
    assert said.usage is not None
    assert said.usage.completion_tokens == 4


def test_an_answer_ends_at_the_most_tokens() -> None:
    said = ChatCompletion.model_validate_json(_ask("/chat/completions", messages=HELLO, max_tokens=2).body)
    assert (said.choices[0].message.content, said.choices[0].finish_reason) == ("You said:", "length")


def test_a_stream_says_the_same_piece_by_piece() -> None:
    body = _ask("/chat/completions", messages=HELLO, stream=True, stream_options={"include_usage": True}).body
    *events, end = [line[6:] for line in body.decode().split("\n\n") if line]
    chunks = [ChatCompletionChunk.model_validate_json(event) for event in events]
    assert end == "[DONE]"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "You said: hello there"
    assert chunks[-1].usage is not None
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_embeddings_of_the_same_text_are_the_same() -> None:
    said = CreateEmbeddingResponse.model_validate_json(_ask("/embeddings", input=["a b", "a b", "c d"]).body)
    first, same, other = (row.embedding for row in said.data)
    assert first == same != other


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/chat/completions", {}, 400), ("/chat/completions", {"messages": [1]}, 400), ("/embeddings", {"input": []}, 400),
     ("/images", {}, 404)],
)  # fmt: skip
def test_what_it_cannot_answer_it_refuses(path: str, body: dict[str, Any], status: int) -> None:
    found = _ask(path, **body)
    assert found.status == status
    assert json.loads(found.body)["error"]["message"]
