import pytest
from tests.llm.protocols.clients import (
    chat_of,
    message_of,
)
from tests.llm.providers.geminis import (
    CALL,
    PROVIDER,
    USAGE,
    answer,
    chat,
    replied,
)

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Usage


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
