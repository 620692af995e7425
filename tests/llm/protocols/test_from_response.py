import pytest
from tests.llm.protocols.chats import ask_of, chat_body

from loopwright.errors import UpstreamRefusedError
from loopwright.llm.protocols.chat import as_chat


def test_a_response_with_everything_is_the_same_chat():
    chat = chat_body(
        "response", instructions="be kind", max_output_tokens=7, temperature=0.5, user="u", store=True,
        include=["reasoning.encrypted_content"], reasoning={"effort": "low", "summary": "auto"},
        tools=[{"type": "function", "name": "find", "parameters": {"type": "object"}, "strict": True}],
        tool_choice={"type": "function", "name": "find"}, parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}, "verbosity": "low"},
        input=[
            {"role": "developer", "content": "dev"},
            {"role": "user", "content": [{"type": "input_text", "text": "look"},
                                         {"type": "input_image", "image_url": "http://h/i", "detail": "low"}]},
            {"type": "reasoning", "id": "r", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "so"}]},
            {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "find", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "found"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "more"}]},
        ],
    )  # fmt: skip

    def call(id_):
        return {"id": id_, "type": "function", "function": {"name": "find", "arguments": "{}"}}

    assert chat == {
        "model": "m", "max_tokens": 7, "temperature": 0.5, "user": "u", "reasoning_effort": "low", "verbosity": "low",
        "parallel_tool_calls": False, "tool_choice": {"type": "function", "function": {"name": "find"}},
        "tools": [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}, "strict": True}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "system", "content": "dev"},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                                         {"type": "image_url", "image_url": {"url": "http://h/i", "detail": "low"}}]},
            {"role": "assistant", "content": "so", "tool_calls": [call("c1"), call("c2")]},
            {"role": "tool", "tool_call_id": "c1", "content": "found"},
            {"role": "tool", "tool_call_id": "c2", "content": "more"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "body", "field"),
    [
        ("response", {"previous_response_id": "r"}, "previous_response_id"),
        ("response", {"conversation": "c"}, "conversation"),
        ("response", {"background": True}, "background"),
        ("response", {"truncation": "auto"}, "truncation"),
        ("response", {"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ("response", {"input": [{"type": "item_reference", "id": "x"}]}, "input.0.type"),
        ("response", {"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input.0.content.0.type"),
    ],
)  # fmt: skip
def test_what_a_chat_cannot_say_is_refused_by_name(operation, body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        as_chat(ask_of(operation, **body))
    assert caught.value.context["field"] == field
    assert f"`{field}`" in caught.value.what
