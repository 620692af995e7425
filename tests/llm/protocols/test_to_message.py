import json

from tests.llm.protocols.chats import ask_of, chat_stream, chunk, told
from tests.llm.protocols.clients import message_final

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.to_message import MessageTeller
from loopwright.llm.providers.chat_stream import ChatReader

DONE = b"data: [DONE]\n\n"


def kinds(pieces):
    bodies = [json.loads(piece.event.split(b"data: ")[1]) for piece in pieces if piece.event.startswith(b"event:")]
    return [body["type"] for body in bodies]


def test_events_come_in_the_order_that_messages_have():
    pieces, _ = told("message", chat_stream("a", [("f", '{"x": 1}')], reasoning="b"))
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    calls = ["content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"]
    assert kinds(pieces) == ["message_start", *block, *block, *calls, "message_delta", "message_stop"]


def test_a_call_without_an_id_is_given_one():
    call = {"index": 0, "function": {"name": "f", "arguments": "{}"}}
    events = [chunk({"tool_calls": [call]}), chunk({}, "tool_calls"), DONE]
    (block,) = message_final([piece.event for piece in told("message", events)[0]]).content
    assert (block.id, block.input) == ("toolu_x1_0", {})


def test_comments_pass_so_that_nobody_takes_silence_for_the_end():
    pieces, _ = told("message", [b": wait\n\n", *chat_stream("a")])
    assert pieces[0].event == b": wait\n\n"


def test_what_closes_a_block_says_so():
    pieces, _ = told("message", chat_stream("a"))
    assert [piece.closes for piece in pieces] == [False, False, False, True, True, True]
    assert [piece.text for piece in pieces] == ["", "", "a", "", "", ""]


def test_the_caller_s_model_stands_in_for_one_that_the_upstream_does_not_name():
    reader = MessageTeller(ask_of("message", model="mine"), ChatReader(Ask(operation="chat", body={})))
    (first, *_) = reader.feed(chunk({"content": "a"}, id=None, model=None))
    assert json.loads(first.event.split(b"data: ")[1])["message"]["model"] == "mine"
