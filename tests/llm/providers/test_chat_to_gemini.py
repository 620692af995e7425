import pytest
from tests.llm.providers.geminis import (
    PROVIDER,
    UPSTREAM,
    chat,
    sent,
)

from loopwright.errors import UpstreamRefusedError


def test_a_chat_with_everything_is_the_same_for_gemini():
    call = {"id": "t1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'},
            "extra_content": {"google": {"thought_signature": "sig"}}}  # fmt: skip
    body = sent(chat(
        messages=[
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"format": "wav", "data": "CCCC"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,BBBB"}}]},
            {"role": "assistant", "content": "so", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": '{"found": 2}'},
            {"role": "user", "content": "and?"},
        ],
        tools=[
            {"type": "function", "function": {"name": "find", "description": "d", "parameters": {"type": "object"}}}],
        tool_choice={"type": "function", "function": {"name": "find"}}, stop="END", temperature=0.5, top_p=0.9, seed=7,
        max_tokens=9, reasoning_effort="medium", presence_penalty=0.1, user="u", safetySettings=[{"category": "x"}],
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    ))  # fmt: skip

    assert body == {
        "systemInstruction": {"parts": [{"text": "be kind"}]},
        "safetySettings": [{"category": "x"}],
        "contents": [
            {"role": "user", "parts": [
                {"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"inlineData": {"mimeType": "audio/wav", "data": "CCCC"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}}]},
            {"role": "model", "parts": [
                {"text": "so"}, {"functionCall": {"name": "find", "args": {"q": 1}}, "thoughtSignature": "sig"}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "find", "response": {"found": 2}}}, {"text": "and?"}]},
        ],
        "tools": [{"functionDeclarations": [
            {"name": "find", "description": "d", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["find"]}},
        "generationConfig": {
            "temperature": 0.5, "topP": 0.9, "seed": 7, "presencePenalty": 0.1, "maxOutputTokens": 9,
            "stopSequences": ["END"], "thinkingConfig": {"thinkingBudget": 8192},
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
    }  # fmt: skip


@pytest.mark.parametrize(("said", "mode"), [("auto", "AUTO"), ("required", "ANY"), ("none", "NONE")])
def test_every_choice_of_tools(said, mode):
    assert sent(chat(tool_choice=said))["toolConfig"] == {"functionCallingConfig": {"mode": mode}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"verbosity": "low"}, "verbosity"), ({"modalities": ["audio"]}, "modalities"),
        ({"reasoning_effort": "odd"}, "reasoning_effort"),
        ({"response_format": {"type": "odd"}}, "response_format.type"),
        ({"parallel_tool_calls": False, "tools": [{"type": "function"}]}, "parallel_tool_calls"),
        ({"tools": [{"type": "custom"}]}, "tools.0.type"), ({"tool_choice": "odd"}, "tool_choice"),
        ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}, "messages.0.tool_call_id"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://h/i"}}]}]},
         "messages.0.content.0.image_url.url"),
    ],
)  # fmt: skip
def test_what_gemini_cannot_be_told_is_refused_by_name(body, field):
    with pytest.raises(UpstreamRefusedError) as caught:
        PROVIDER.request(UPSTREAM, chat(**body), "")
    assert caught.value.context["field"] == field
