import pytest
from anthropic.types import Usage as MessageUsage
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage
from openai.types.responses import ResponseUsage

from loopwright.llm.ask import Usage
from loopwright.llm.protocols.usage import (
    chat_usage,
    message_usage,
    response_usage,
    usage_of_chat,
    usage_of_message,
    usage_of_response,
)

COUNTS = st.integers(0, 10**6)


@st.composite
def usages(draw):
    read, written, fresh, answer, thought = (draw(COUNTS) for _ in range(5))
    return Usage(
        input_tokens=read + written + fresh, output_tokens=answer + thought, cache_read_tokens=read,
        cache_write_tokens=written, reasoning_tokens=thought,
    )  # fmt: skip


@given(usages())
def test_what_is_written_is_read_as_it_was(usage):
    assert usage_of_chat(chat_usage(usage)) == usage
    assert usage_of_response(response_usage(usage)) == usage
    read = usage_of_message(message_usage(usage))
    assert (read.input_tokens, read.output_tokens) == (usage.input_tokens, usage.output_tokens)
    assert (read.cache_read_tokens, read.cache_write_tokens) == (usage.cache_read_tokens, usage.cache_write_tokens)


@given(usages())
def test_what_is_written_is_what_the_stock_clients_declare(usage):
    CompletionUsage.model_validate(chat_usage(usage))
    ResponseUsage.model_validate(response_usage(usage))
    MessageUsage.model_validate(message_usage(usage))


@pytest.mark.parametrize("data", [None, {}, "x", [], {"prompt_tokens": None}, {"input_tokens": "9"}])
def test_what_says_nothing_is_unknown(data):
    assert usage_of_chat(data) is None
    assert usage_of_response(data) is None
    assert usage_of_message(data) is None


def test_odd_counts_are_none():
    assert usage_of_chat({"prompt_tokens": 5, "completion_tokens": None, "prompt_tokens_details": "x"}) == Usage(
        input_tokens=5
    )
    assert usage_of_chat({"prompt_tokens": 5, "prompt_cache_hit_tokens": 3}).cache_read_tokens == 3
