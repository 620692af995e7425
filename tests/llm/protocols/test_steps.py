from tests.llm.protocols.chats import chunk

from loopwright.llm.protocols.chat_events import ChatEvents
from loopwright.llm.protocols.steps import CallStep, call_step, created_of


def test_a_call_is_told_step_by_step():
    events = ChatEvents()
    assert call_step(events.call("c1", "f")) == CallStep(name="f", id="c1")
    assert call_step(events.arguments("{}")) == CallStep(arguments="{}")


def test_when_an_answer_was_made():
    piece = ChatEvents().text("x")
    assert created_of(piece) == 0
    assert created_of(type(piece)(event=chunk({"content": "x"}))) == 5
    assert created_of(type(piece)(event=b"data: [DONE]\n\n")) == 0
