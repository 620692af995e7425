"""Calls, and answers of chats, that tests of translations share."""

import json
from itertools import pairwise

from hypothesis import strategies as st

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.chat import as_chat, reader_of
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.protocols.replies import chat_reply
from loopwright.llm.providers.chat_stream import ChatReader


def ask_of(operation, **body):
    defaults = {
        "message": {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
        "completion": {"prompt": "p"},
        "response": {"input": "i"},
    }
    return Ask(
        operation=operation, body={"model": "m", **defaults.get(operation, {}), **body}, stream=bool(body.get("stream"))
    )


def chat_body(operation, **body):
    chat = as_chat(ask_of(operation, **body))
    read_ask("chat", json.dumps({**chat.body, "messages": chat.body["messages"] or [{"role": "user"}]}).encode())
    return chat.body


USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}


def whole_chat(text="hello", calls=(), **message):
    message = {"role": "assistant", "content": text, **message}
    if calls:
        message["tool_calls"] = [
            {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for number, (name, arguments) in enumerate(calls)
        ]
    data = {"id": "x1", "object": "chat.completion", "created": 5, "model": "llama", "usage": USAGE, "choices": [
        {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}]}  # fmt: skip
    return chat_reply(json.dumps(data).encode(), data)


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
ARGUMENTS = st.dictionaries(TEXTS, TEXTS, max_size=2).map(json.dumps)
CALLS = st.lists(
    st.tuples(st.sampled_from(["find", "f_2"]), st.dictionaries(TEXTS, TEXTS, max_size=2).map(json.dumps)), max_size=3
)


def chunk(delta, finish=None, **fields):
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "x1", "object": "chat.completion.chunk", "created": 5, "model": "llama", "choices": choices, **fields}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def chat_stream(text, calls=(), reasoning=""):
    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"reasoning_content": one}) for one in reasoning]
    events += [chunk({"content": one}) for one in text]
    for number, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        call = {"index": number, "id": f"c{number}", "type": "function", "function": function}
        events.append(chunk({"tool_calls": [call]}))
        for one in [arguments[:3], arguments[3:]]:
            events.append(chunk({"tool_calls": [{"index": number, "function": {"arguments": one}}]}))
    events.append(chunk({}, "tool_calls" if calls else "stop"))
    return [*events, chunk({}, choices=[], usage=USAGE), b"data: [DONE]\n\n"]


def told(operation, events, cuts=()):
    ask = ask_of(operation, stream=True)
    chat = Ask(operation="chat", body={"stream_options": {"include_usage": True}}, stream=True)
    reader = reader_of(ask, ChatReader(chat))
    stream = b"".join(events)
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    pieces = [piece for a, b in pairwise(places) for piece in reader.feed(stream[a:b])]
    return [*pieces, *reader.end()], reader
