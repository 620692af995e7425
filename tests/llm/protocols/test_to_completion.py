from tests.llm.protocols.chats import chunk
from tests.llm.protocols.clients import completion_chunks

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.to_completion import CompletionTeller
from loopwright.llm.providers.chat_stream import ChatReader


def test_only_what_a_completion_can_say_is_told():
    reader = CompletionTeller(ChatReader(Ask(operation="chat", body={})))
    events = [
        chunk({"role": "assistant", "content": ""}), chunk({"reasoning_content": "hm"}), chunk({"content": "so"}),
        chunk({}, "length"), b"data: [DONE]\n\n",
    ]  # fmt: skip
    pieces = [piece for event in events for piece in reader.feed(event)] + list(reader.end())
    chunks = completion_chunks([piece.event for piece in pieces])
    assert [(one.choices[0].text, one.choices[0].finish_reason) for one in chunks] == [("so", None), ("", "length")]
    assert {one.object for one in chunks} == {"text_completion"}
    assert (reader.outcome.finish, reader.outcome.id) == ("length", "x1")


def test_a_text_taken_out_of_the_last_event_leaves_its_reason_to_end():
    reader = CompletionTeller(ChatReader(Ask(operation="chat", body={})))
    (piece,) = reader.feed(chunk({"content": "secret"}, "stop"))
    (last,) = completion_chunks([reader.with_text(piece, "")])
    assert (last.choices[0].text, last.choices[0].finish_reason) == ("", "stop")
