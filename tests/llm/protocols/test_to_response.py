import json

import pytest
from tests.llm.protocols.chats import ask_of, chat_stream, chunk, told
from tests.llm.protocols.clients import response_final

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask
from loopwright.llm.protocols.to_response import ResponseTeller
from loopwright.llm.providers.chat_stream import ChatReader


def test_events_come_in_the_order_that_responses_have():
    pieces, _ = told("response", chat_stream("a", [("f", '{"x": 1}')]))
    bodies = [json.loads(piece.event.split(b"data: ")[1]) for piece in pieces]
    assert [body["type"].removeprefix("response.") for body in bodies] == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.done",
        "content_part.done", "output_item.done", "output_item.added", "function_call_arguments.delta",
        "function_call_arguments.delta", "function_call_arguments.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert [body["sequence_number"] for body in bodies] == list(range(len(bodies)))


def test_arguments_of_a_call_that_is_not_open_are_an_error_of_the_upstream():
    chat = Ask(operation="chat", body={})
    reader = ResponseTeller(ask_of("response"), ChatReader(chat))
    with pytest.raises(UpstreamError):
        reader.feed(chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}))


def test_what_the_caller_asked_for_is_said_again():
    chat = Ask(operation="chat", body={})
    ask = ask_of("response", instructions="be kind", temperature=0.5, tools=[], metadata={"a": "b"})
    reader = ResponseTeller(ask, ChatReader(chat))
    events = [piece.event for part in chat_stream("a") for piece in reader.feed(part)]
    response = response_final([*events, *(piece.event for piece in reader.end())])
    assert (response.instructions, response.temperature, response.metadata) == ("be kind", 0.5, {"a": "b"})


def test_a_stream_that_is_stopped_says_all_that_was_let_pass_where_nobody_looked_at_single_pieces():
    reader = ResponseTeller(ask_of("response"), ChatReader(Ask(operation="chat", body={})))
    reader.feed(chunk({"content": "let pass"}))
    last = json.loads(reader.stopped("content_filter").split(b"data: ")[-1])
    assert last["response"]["output"][0]["content"][0]["text"] == "let pass"
