import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.llm.ask import Ask, Reply
from loopwright.llm.protocols.said import Said, ToolCall, reply_of_said
from loopwright.llm.protocols.texts import Texts, reply_texts, texts_of, with_reply_texts, with_texts

REQUESTS = {
    "chat": (
        {"model": "m", "messages": [
            {"role": "system", "content": "sys"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "u"}}]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "arg"}'}}]},
            {"role": "tool", "tool_call_id": "c", "content": "result"},
        ], "tools": [{"type": "function", "function": {"name": "f", "description": "no"}}], "user": "no",
         "variables": {"name": "var", "deep": ["inner", 3]}},
        ["sys", "look", "result", "var", "inner"], ['{"a": "arg"}'], ["f", "deep"],
    ),
    "completion": (
        {"model": "m", "prompt": ["one", "two"], "suffix": "end", "user": "no"}, ["one", "two", "end"], [], [],
    ),
    "embedding": ({"model": "m", "input": ["one", [1, 2]]}, ["one"], [], []),
    "response": (
        {"model": "m", "instructions": "ins", "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": "u"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "args"},
            {"type": "function_call_output", "call_id": "c", "output": "out"},
        ], "text": {"format": {"type": "text"}}},
        ["ins", "look", "out"], ["args"], ["f"],
    ),
    "message": (
        {"model": "m", "max_tokens": 5, "system": [{"type": "text", "text": "sys"}], "messages": [
            {"role": "user", "content": "plain"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "no", "signature": "s"}, {"type": "text", "text": "said"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"q": "arg", "n": 1, "list": ["deep"]}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "result"}]},
                {"type": "document", "source": {"type": "text", "data": "doc"}, "title": "tit"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "no"}}]},
        ]},
        ["sys", "plain", "said", "result", "doc", "tit"], ['{"q":"arg","n":1,"list":["deep"]}'], ["f"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("operation", REQUESTS)
def test_every_text_that_goes_in_is_told_and_nothing_else(operation):
    body, *texts = REQUESTS[operation]
    assert texts_of(Ask(operation=operation, body=body)) == tuple(texts)


@pytest.mark.parametrize("operation", REQUESTS)
def test_texts_are_put_back_in_their_places(operation):
    body, *texts = REQUESTS[operation]
    ask = Ask(operation=operation, body=body, raw=json.dumps(body).encode())

    assert with_texts(ask, Texts(*texts)).body == body
    calls = [call.replace("arg", "<arg>") for call in texts[1]]
    others = Texts([f"<{text}>" for text in texts[0]], calls, [f"<{text}>" for text in texts[2]])
    changed = with_texts(ask, others)

    assert texts_of(changed) == tuple(others)
    assert changed.raw == b""
    assert ask.body == REQUESTS[operation][0]


CALL = ToolCall(id="c", name="f", arguments='{"a":"arg"}')


@pytest.mark.parametrize(
    ("operation", "texts", "calls"),
    [
        ("chat", ["hello", "hm"], ['{"a":"arg"}']),
        ("completion", ["hello"], []),
        ("message", ["hm", "hello"], ['{"a":"arg"}']),
        ("response", ["hm", "hello"], ['{"a":"arg"}']),
    ],
)
def test_every_text_of_an_answer_is_told_and_can_be_changed(operation, texts, calls):
    ask = Ask(operation=operation, body={"model": "m"})
    made = () if operation == "completion" else (CALL,)
    reply = reply_of_said(ask, Said(text="hello", model="m", id="i", created=1, tool_calls=made, reasoning="hm"))

    told = reply_texts(ask, reply)
    assert told == (texts, calls, ["f"] * len(calls))
    assert with_reply_texts(ask, reply, told) is reply
    masked = [[text.replace("hello", "***").replace("arg", "!!!") for text in kind] for kind in told]
    changed = with_reply_texts(ask, reply, Texts(*masked))

    assert b"hello" not in changed.body
    assert changed.text == "***"
    assert [call["arguments"] for call in changed.tool_calls] == ['{"a":"!!!"}'] * len(calls)
    assert (changed.id, changed.finish) == (reply.id, reply.finish)


def test_arguments_that_masks_left_no_json_are_an_object_all_the_same():
    ask = Ask(operation="message", body={"model": "m"})
    said = Said(text="", model="m", id="i", created=1, tool_calls=(CALL,))
    told = reply_texts(ask, reply_of_said(ask, said))
    changed = with_reply_texts(ask, reply_of_said(ask, said), told._replace(calls=["[masked]"]))
    assert [call["arguments"] for call in changed.tool_calls] == ['{"masked":"[masked]"}']


@pytest.mark.parametrize(
    "message",
    [{"audio": {"id": "a", "data": "UklGR", "transcript": "SAID"}}, {"something": {"new": ["SAID"]}},
     {"annotations": [{"type": "url_citation", "url_citation": {"title": "SAID"}}]},
     {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "SAID", "arguments": "{}"}}]},
     {"tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "f", "input": "SAID"}}]}],
)  # fmt: skip
def test_whatever_words_an_answer_holds_are_told_and_can_be_changed(message):
    ask = Ask(operation="chat", body={"model": "m"})
    choice = {"index": 0, "message": {"role": "assistant", "content": "x", **message}, "finish_reason": "stop"}
    reply = Reply(body=json.dumps({"choices": [choice]}).encode())
    told = reply_texts(ask, reply)
    changed = with_reply_texts(ask, reply, Texts(*([one.replace("SAID", "***") for one in kind] for kind in told)))
    assert b"SAID" not in changed.body
    assert b"UklGR" not in changed.body


def test_log_probabilities_and_annotations_do_not_tell_what_was_taken_out():
    ask = Ask(operation="chat", body={"model": "m"})
    choice = {"index": 0, "message": {"role": "assistant", "content": "secret", "annotations": [{"a": "secret"}]},
              "logprobs": {"content": [{"token": "secret"}]}, "finish_reason": "stop"}  # fmt: skip
    reply = Reply(body=json.dumps({"choices": [choice]}).encode())
    assert b"secret" not in with_reply_texts(ask, reply, reply_texts(ask, reply)._replace(said=["***", "x"])).body


def test_embeddings_say_nothing():
    ask = Ask(operation="embedding", body={"model": "m", "input": "x"})
    reply = Reply(body=b'{"data": [{"embedding": [1.0]}]}')
    assert reply_texts(ask, reply) == ((), (), ())
    assert with_reply_texts(ask, reply, Texts((), (), ())) is reply


@given(st.lists(st.text(), min_size=1, max_size=5), st.lists(st.text(), min_size=5, max_size=5))
def test_any_texts_go_in_and_come_out(texts, others):
    messages = [{"role": "user", "content": text} for text in texts]
    ask = Ask(operation="chat", body={"model": "m", "messages": messages})
    told = texts_of(ask)
    assert told.said == texts
    assert texts_of(with_texts(ask, told._replace(said=others[: len(texts)]))).said == others[: len(texts)]


S = "a secret of the caller's"
TURN = {"role": "user", "content": "hi"}
BESIDE = {
    "name of a message": ("chat", {"messages": [{**TURN, "name": S}]}),
    "a role of its own": ("chat", {"messages": [{**TURN, "role": S}]}),
    "an earlier thought": ("chat", {"messages": [{"role": "assistant", "content": "x", "reasoning_content": S}]}),
    "name of a file": ("chat", {"messages": [{"role": "user", "content": [
        {"type": "file", "file": {"filename": S, "file_data": "data:text/plain;base64,AAAA"}}]}]}),
    "beside a picture": ("chat", {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "alt": S}}]}]}),
    "name of a call": ("chat", {"messages": [{"role": "assistant", "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": S, "arguments": "{}"}}]}]}),
    "a part that nobody knows": ("chat", {"messages": [{"role": "user", "content": [{"type": "quote", "quote": S}]}]}),
    "a key that nobody knows": ("chat", {"messages": [{"role": "user", "content": [{"type": "quote", S: 1}]}]}),
    "a template": ("chat", {"messages": [TURN], "chat_template": S}),
    "what a template is given": ("chat", {"messages": [TURN], "chat_template_kwargs": {"system": [S]}}),
    "where it stops": ("chat", {"messages": [TURN], "stop": [S]}),
    "key of arguments": ("message", {"messages": [{"role": "assistant", "content": [
        {"type": "tool_use", "id": "1", "name": "f", "input": {S: 1}}]}]}),
    "key of variables": ("chat", {"messages": [TURN], "variables": {S: 1}}),
    "a command": ("response", {"input": [{"type": "local_shell_call", "action": {"type": "exec", "command": [S]}}]}),
    "a program": ("response", {"input": [{"type": "code_interpreter_call", "code": S}]}),
    "a search": ("response", {"input": [{"type": "web_search_call", "action": {"type": "search", "query": S}}]}),
    "source of what was found": ("message", {"messages": [{"role": "user", "content": [
        {"type": "search_result", "source": S, "title": "t", "content": [{"type": "text", "text": "x"}]}]}]}),
}  # fmt: skip


@pytest.mark.parametrize("place", BESIDE)
def test_what_stands_beside_the_texts_is_told_apart_from_them_and_can_be_changed(place):
    operation, body = BESIDE[place]
    ask = Ask(operation=operation, body={"model": "m", **body})

    texts = texts_of(ask)
    changed = with_texts(ask, Texts(*([text.replace(S, "[masked]") for text in kind] for kind in texts)))

    assert S in [*texts.beside, *(key for call in texts.calls for key in json.loads(call))]
    assert S not in texts.said
    assert S not in json.dumps(changed.body)
    assert "[masked]" in json.dumps(changed.body)
    assert with_texts(ask, texts).body == ask.body


@pytest.mark.parametrize("field", [{"prediction": {"type": "content", "content": S}},
                                   {"documents": [{"title": "a", "text": S}]}])  # fmt: skip
def test_predictions_and_documents_are_said(field):
    assert S in texts_of(Ask(operation="chat", body={"model": "m", "messages": [TURN], **field})).said


def test_numbers_of_many_digits_in_arguments_are_told_and_stay_numbers_where_nothing_changes():
    body = {"model": "m", "variables": {"card": 4111111111111111, "few": 7, "yes": True}}
    ask = Ask(operation="chat", body=body)
    texts = texts_of(ask)

    assert texts.beside == ["card", "4111111111111111", "few", "yes"]
    assert with_texts(ask, texts).body == body
    masked = with_texts(ask, texts._replace(beside=["card", "[card]", "few", "yes"]))
    assert masked.body["variables"] == {"card": "[card]", "few": 7, "yes": True}


def test_words_of_the_protocol_identifiers_pictures_and_signed_thoughts_are_not_looked_at():
    body = {"model": "m", "max_tokens": 5, "messages": [
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "no", "signature": "s"}, {"type": "redacted_thinking", "data": "no"},
            {"type": "tool_use", "id": "toolu_4111111111111111", "name": "find", "input": {}}]},
        {"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "no"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,no", "detail": "high"}},
            {"type": "input_audio", "input_audio": {"data": "no", "format": "wav"}}]}]}  # fmt: skip
    assert texts_of(Ask(operation="message", body=body)) == ([], ["{}"], ["find"])
