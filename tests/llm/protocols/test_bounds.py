import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.bounds import HIDDEN_TOKENS, IMAGE_TOKENS, input_bound, output_bound, with_most_tokens


def ask(operation, **body):
    return Ask(operation=operation, body=body, raw=json.dumps(body).encode())


def bound_without_raw(operation, **body):
    return input_bound(Ask(operation=operation, body=body))


@given(st.text(), st.booleans())
def test_a_text_is_never_bounded_below_its_bytes(text, ascii_only):
    text = text.encode("utf-8", "ignore").decode()
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    raw = json.dumps(body, ensure_ascii=ascii_only).encode()
    assert input_bound(Ask(operation="chat", body=body, raw=raw)) > len(text.encode())
    assert bound_without_raw("chat", **body) > len(text.encode())


def test_a_picture_counts_by_the_stated_bound_and_not_by_its_base64():
    def chat(url):
        part = {"type": "image_url", "image_url": {"url": url}}
        return bound_without_raw("chat", model="m", messages=[{"role": "user", "content": [part]}])

    small, large = chat("data:image/png;base64,AAAA"), chat("data:image/png;base64," + "A" * 4_000_000)
    assert small == large
    assert IMAGE_TOKENS < small < IMAGE_TOKENS + 500


def test_pictures_in_every_protocol_and_inside_results_of_tools():
    source = {"type": "base64", "media_type": "image/png", "data": "A" * 100_000}
    inside = [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": source}]}]}]  # fmt: skip
    message = bound_without_raw("message", model="m", max_tokens=1, messages=inside)
    response = bound_without_raw("response", model="m", input=[
        {"role": "user", "content": [{"type": "input_image", "image_url": "data:," + "A" * 100_000}]}])  # fmt: skip
    assert IMAGE_TOKENS < message < IMAGE_TOKENS + 1000
    assert IMAGE_TOKENS < response < IMAGE_TOKENS + 1000


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("response", {"input": "hi", "previous_response_id": "resp_1"}),
        ("response", {"input": "hi", "conversation": "conv_1"}),
        ("response", {"prompt": {"id": "pmpt_1"}}),
        ("response", {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}),
        ("response", {"input": "hi", "tools": [{"type": "web_search"}]}),
        ("message", {"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}),
        ("message", {"messages": [], "tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}),
    ],
)
def test_what_the_request_does_not_show_counts_as_a_whole_window(operation, body):
    assert bound_without_raw(operation, model="m", **body) >= HIDDEN_TOKENS


def test_tools_that_the_caller_runs_hide_nothing():
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert bound_without_raw("chat", model="m", messages=[], tools=tools) < 2_000
    assert bound_without_raw("message", model="m", messages=[], tools=[{"name": "f", "input_schema": {}}]) < 2_000


@pytest.mark.parametrize(
    ("operation", "body", "most"),
    [
        ("chat", {}, None),
        ("chat", {"max_tokens": 10}, 10),
        ("chat", {"max_completion_tokens": 20, "max_tokens": 10, "n": 3}, 60),
        ("chat", {"max_tokens": 10, "n": 2, "best_of": 5}, 50),
        ("completion", {"prompt": "a", "max_tokens": 10, "best_of": 4}, 40),
        ("completion", {"prompt": ["a", "b"], "max_tokens": 10, "n": 2}, 40),
        ("completion", {"prompt": [1, 2, 3], "max_tokens": 10}, 10),
        ("completion", {"prompt": [[1], [2]], "max_tokens": 10}, 20),
        ("response", {"max_output_tokens": 7}, 7),
        ("response", {}, None),
        ("message", {"max_tokens": 7}, 7),
        ("embedding", {"input": "a"}, 0),
    ],
)
def test_the_most_tokens_of_all_answers_together(operation, body, most):
    assert output_bound(ask(operation, model="m", **body)) == most


@pytest.mark.parametrize("operation", ["chat", "completion", "response", "message"])
def test_a_limit_that_is_set_is_the_bound_and_stands_in_the_bytes_too(operation):
    limited = with_most_tokens(ask(operation, model="m", prompt="p", keep=1), 33)

    assert output_bound(limited) == 33
    assert json.loads(limited.raw) == limited.body
    assert output_bound(with_most_tokens(limited, 5)) == 5


def test_a_limit_replaces_every_field_that_says_one():
    limited = with_most_tokens(ask("chat", model="m", max_tokens=50, max_completion_tokens=99), 10)
    assert output_bound(limited) == 10
    assert json.loads(limited.raw)["max_completion_tokens"] == 10


def test_embeddings_have_no_limit_to_set():
    one = ask("embedding", model="m", input="a")
    assert with_most_tokens(one, 5) is one
