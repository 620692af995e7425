import json

from loopwright.llm.ask import Piece
from loopwright.llm.protocols.response_texts import ResponseTexts


def event(**body):
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def delta(text, part=0, item=0):
    body = {"type": "response.output_text.delta", "output_index": item, "content_index": part, "delta": text}
    return Piece(event=event(**body), text=text)


def body_of(raw):
    return json.loads(raw.split(b"data: ")[1])


def test_what_repeats_texts_repeats_those_that_were_sent():
    texts = ResponseTexts()
    texts.saying(delta("a "), "a ")
    texts.saying(delta("secret"), "***")
    texts.saying(delta("b", part=1), "b")
    content = [{"type": "output_text", "text": text, "annotations": [{}]} for text in ("a secret", "b")]
    done = Piece(event=event(type="response.completed", response={"output": [{"type": "message", "content": content}]}))

    said = body_of(texts.saying(done, ""))["response"]["output"][0]["content"]

    assert [part["text"] for part in said] == ["a ***", "b"]
    assert said[0]["annotations"] == []


def test_a_piece_that_is_sent_in_two_parts_is_remembered_whole():
    texts = ResponseTexts()
    piece = delta("hello")
    texts.saying(piece, "hel")
    texts.saying(piece, "lo!")
    done = Piece(event=event(type="response.output_text.done", output_index=0, content_index=0, text="hello"))
    assert body_of(texts.saying(done, ""))["text"] == "hello!"


def test_summaries_and_contents_of_one_item_are_told_apart():
    texts = ResponseTexts()
    texts.saying(delta("content"), "***")
    summary = {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "sum"}
    texts.saying(Piece(event=event(**summary), text="sum"), "sum")
    item = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "content"}],
            "summary": [{"type": "summary_text", "text": "sum"}]}  # fmt: skip
    said = body_of(texts.saying(Piece(event=event(type="response.output_item.done", output_index=0, item=item)), ""))
    assert (said["item"]["content"][0]["text"], said["item"]["summary"][0]["text"]) == ("***", "sum")


def test_what_was_sent_of_a_response_that_is_broken_off():
    texts = ResponseTexts()
    texts.saying(delta("sent", item=1), "sent")
    items = {0: {"type": "reasoning", "summary": [{}]}, 1: {"type": "message", "content": []},
             2: {"type": "function_call", "name": "f", "arguments": ""}}  # fmt: skip
    output = texts.output(items)
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call"]
    assert output[0]["summary"] == []
    assert output[1]["content"][0]["text"] == "sent"
    assert output[2]["status"] == "incomplete"
