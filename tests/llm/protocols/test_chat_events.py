from tests.llm.protocols.clients import chat_chunks

from loopwright.llm.ask import Usage
from loopwright.llm.protocols.chat_events import ChatEvents, broken_off, saying, told_usage


def test_every_event_is_one_that_the_stock_client_reads():
    events = ChatEvents()
    pieces = [
        events.begin("x1", "m"), events.aside("hm"), events.text("so"), events.call("", "f", extra={"v": 1}),
        events.arguments("{}"), events.call("c2", "g"), events.arguments("[]"), events.finish("tool_calls"),
    ]  # fmt: skip
    chunks = chat_chunks([piece.event for piece in pieces])
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert (deltas[0].role, deltas[1].reasoning_content, deltas[2].content) == ("assistant", "hm", "so")
    calls = [delta.tool_calls[0] for delta in deltas if delta.tool_calls]
    assert [(call.index, call.id, call.function.name, call.function.arguments) for call in calls] == [
        (0, "call_x1_0", "f", ""), (0, None, None, "{}"), (1, "c2", "g", ""), (1, None, None, "[]")
    ]  # fmt: skip
    assert calls[0].extra_content == {"v": 1}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    assert [(piece.tool, piece.call) for piece in pieces if piece.tool] == [("f", 0), ("{}", 0), ("g", 1), ("[]", 1)]


def test_usage_is_told_in_an_event_of_its_own():
    (chunk,) = chat_chunks([told_usage({"id": "x"}, Usage(input_tokens=3, output_tokens=4, reasoning_tokens=1))])
    assert (chunk.choices, chunk.usage.total_tokens) == ([], 7)
    assert chunk.usage.completion_tokens_details.reasoning_tokens == 1


def test_every_choice_that_is_open_is_broken_off():
    events = broken_off({"id": "x"}, [0, 2], "length", usage=Usage(input_tokens=3))
    chunks = chat_chunks([events])
    assert [(one.choices[0].index, one.choices[0].finish_reason) for one in chunks[:2]] == [
        (0, "length"),
        (2, "length"),
    ]
    assert chunks[2].usage.prompt_tokens == 3
    assert events.endswith(b"data: [DONE]\n\n")


def test_thoughts_are_nowhere_as_they_were_when_they_are_changed():
    piece = ChatEvents().aside("secret")
    event = piece.event.replace(b'"reasoning_content"', b'"reasoning_details":[{"text":"secret"}],"reasoning_content"')
    said = saying(type(piece)(event=event, text="secret", aside=True), "***")
    assert b"secret" not in said
    assert b"***" in said
