import pytest
from tests.llm.protocols.clients import message_final

from loopwright.llm.ask import Usage
from loopwright.llm.protocols.message_events import ending, message_event, piece_of, saying


def piece(**body):
    return piece_of(message_event(body), body)


def delta(**fields):
    return piece(type="content_block_delta", index=2, delta=fields)


def block(**fields):
    return piece(type="content_block_start", index=2, content_block=fields)


@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (delta(type="text_delta", text="x"), ("x", "", False, 0, False)),
        (delta(type="thinking_delta", thinking="x"), ("x", "", True, 0, False)),
        (delta(type="input_json_delta", partial_json="x"), ("", "x", False, 2, False)),
        (delta(type="signature_delta", signature="x"), ("", "", False, 0, False)),
        (block(type="tool_use", name="x", id="i", input={}), ("", "x", False, 2, False)),
        (block(type="text", text="x"), ("x", "", False, 0, False)),
        (block(type="thinking", thinking="x", signature=""), ("x", "", True, 0, False)),
        (piece(type="content_block_stop", index=2), ("", "", False, 0, True)),
        (piece(type="ping"), ("", "", False, 0, False)),
    ],
)
def test_what_an_event_adds_can_be_replaced(piece, said):
    assert (piece.text, piece.tool, piece.aside, piece.call, piece.closes) == said
    assert saying(piece, piece.text or piece.tool) == piece.event
    if piece.text or piece.tool:
        assert b'"x"' not in saying(piece, "other")
        assert b'"other"' in saying(piece, "other")


def test_a_delta_without_a_text_is_no_event_and_a_block_still_begins():
    assert saying(delta(type="text_delta", text="x"), "") == b""
    assert b'"text":""' in saying(block(type="text", text="x"), "")


def test_the_end_tells_why_and_how_many_tokens():
    start = message_event({"type": "message_start", "message": {
        "id": "i", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 0, "output_tokens": 0}}})  # fmt: skip
    message = message_final([start, *ending("length", Usage(input_tokens=5, output_tokens=6, cache_read_tokens=2))])
    assert message.stop_reason == "max_tokens"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (3, 6)
