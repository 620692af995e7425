import pytest
from tests.llm.protocols.chats import ask_of, chat_body

from loopwright.errors import UpstreamRefusedError
from loopwright.llm.protocols.chat import as_chat

PNG = {"type": "base64", "media_type": "image/png", "data": "AAAA"}


def test_a_message_with_everything_is_the_same_chat():
    chat = chat_body(
        "message", system=[{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": PNG}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "so"},
                {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [
                    {"type": "text", "text": "found"}, {"type": "image", "source": {"type": "url", "url": "http://h/i"}}]},
                {"type": "text", "text": "and?"}]},
        ],
        tools=[{"name": "find", "description": "d", "input_schema": {"type": "object"}}],
        tool_choice={"type": "tool", "name": "find", "disable_parallel_tool_use": True},
        stop_sequences=["END"], temperature=0.5, top_k=4, metadata={"user_id": "u"}, extra=1,
        thinking={"type": "enabled", "budget_tokens": 5000},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )  # fmt: skip

    assert chat == {
        "model": "m", "max_tokens": 9, "temperature": 0.5, "top_k": 4, "extra": 1, "stop": ["END"], "user": "u",
        "reasoning_effort": "medium", "parallel_tool_calls": False,
        "tool_choice": {"type": "function", "function": {"name": "find"}},
        "tools": [
            {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}],
        "response_format": {"type": "json_schema",
                            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True}},
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                                         {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "content": "so", "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q":1}'}}]},
            {"role": "tool", "tool_call_id": "t1", "content": "found"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://h/i"}},
                                         {"type": "text", "text": "and?"}]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("message", {"tools": [{"name": "f"}, {"type": "web_search_20250305", "name": "w"}]}, "tools.1.type"),
        ("message", {"mcp_servers": [{"url": "u"}]}, "mcp_servers"),
        ("message", {"container": "c"}, "container"),
        ("message", {"messages": [{"role": "user", "content": [{"type": "odd"}]}]}, "messages.0.content.0.type"),
        ("message", {"messages": [{"role": "assistant", "content": [{"type": "odd"}]}]}, "messages.0.content.0.type"),
        ("message", {"tool_choice": {"type": "odd"}}, "tool_choice.type"),
    ],
)  # fmt: skip
def test_what_a_chat_cannot_say_is_refused_by_name(operation, body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        as_chat(ask_of(operation, **body))
    assert caught.value.context["field"] == field
    assert f"`{field}`" in caught.value.what
