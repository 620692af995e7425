"""Guards on streams: whatever the pieces, what is blocked never leaves, and the rest is what it would be whole."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serving.applications.stage import ask

from loopwright.errors import GuardBlockedError
from loopwright.llm.guards.declarations import personal_data, secrets
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.serving.applications.guarded_events import GuardedEvents

KEY = "AKIAIOSFODNN7EXAMPLQ"


def event(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def cut(text, places):
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges) if a < b]


def through(deltas, *guards):
    """All that is sent for these deltas, and whether a guard stopped it."""
    reader = OpenAIProvider().reader(ask(stream=True))
    guarded, sent = GuardedEvents(GuardRunner(guards), reader), []
    try:
        for raw in [*(event(delta) for delta in deltas), event({}, "stop"), b"data: [DONE]\n\n"]:
            for piece in reader.feed(raw):
                sent += guarded.through(piece)
        for piece in reader.end():
            sent += guarded.through(piece)
        sent += guarded.end()
    except GuardBlockedError:
        return [*sent, guarded.stopped()], True
    return sent, False


def text_of(sent):
    lines = [line[6:] for line in b"".join(sent).decode().split("\n") if line.startswith("data: {")]
    choices = [choice for line in lines for choice in msgspec.json.decode(line.encode())["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices), [
        choice["finish_reason"] for choice in choices if choice["finish_reason"]
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), max_size=12))
def test_a_blocked_text_never_leaves_however_it_is_cut(places):
    text = f"Of course. The key that you asked for is {KEY}, use it well."
    sent, stopped = through([{"role": "assistant"}, *({"content": part} for part in cut(text, places))], secrets())
    assert stopped
    said, finish = text_of(sent)
    assert text.startswith(said)
    assert "AKIA" not in said
    assert finish == ["content_filter"]
    assert b"".join(sent).endswith(b"data: [DONE]\n\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), max_size=12))
def test_a_masked_text_is_what_it_would_be_whole_and_ends_once(places):
    text = "Write to jane.doe@example.com or to joe@example.org, whoever answers first."
    guard = personal_data(kinds=("email",))
    sent, stopped = through([{"content": part} for part in cut(text, places)], guard)
    said, finish = text_of(sent)
    assert not stopped
    assert said == GuardRunner((guard,)).whole(text).text
    assert finish == ["stop"]


@pytest.mark.parametrize("size", [1, 3, 400])
def test_the_arguments_of_a_call_are_held_until_they_are_whole(size):
    arguments = '{"to": "jane.doe@example.com"}'
    steps = [{"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": {"name": "send"}}]}]
    steps += [
        {"tool_calls": [{"index": 0, "function": {"arguments": arguments[at : at + size]}}]}
        for at in range(0, len(arguments), size)
    ]
    raw = b"".join(through(steps, personal_data(kinds=("email",)))[0]).decode()
    assert "jane" not in raw.replace('"', "")
    assert '"name":"send"' in raw
    assert '"finish_reason":"stop"' in raw
    blocked, stopped = through(
        [steps[0], {"tool_calls": [{"index": 0, "function": {"arguments": f'{{"k": "{KEY}"}}'}}]}], secrets()
    )
    assert stopped
    assert b"AKIA" not in b"".join(blocked)


@pytest.mark.parametrize(
    "delta",
    [
        {"tool_calls": [{"index": 0, "id": "1", "type": "custom", "custom": {"name": "f", "input": f"key {KEY}"}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": f"key {KEY}"}}]},
        {"audio": {"id": "a", "data": "UklGRg==", "transcript": f"The key is {KEY}, use it well, my friend."}},
    ],
)
def test_inputs_of_custom_tools_and_words_of_sound_are_looked_at(delta):
    sent, stopped = through([{"role": "assistant", "content": ""}, delta], secrets())
    assert stopped
    assert KEY.encode() not in b"".join(sent)
    assert b"UklGR" not in b"".join(sent)


def test_what_no_guard_finds_in_custom_tools_passes():
    call = {"index": 0, "id": "1", "type": "custom", "custom": {"name": "f", "input": "SELECT 1"}}
    sent, stopped = through([{"tool_calls": [call]}], secrets())
    assert not stopped
    assert b"SELECT 1" in b"".join(sent)
    assert b'"name":"f"' in b"".join(sent)


def test_mail_in_a_custom_tools_input_and_in_a_transcript_is_masked():
    custom = {"index": 0, "id": "1", "type": "custom", "custom": {"name": "f", "input": "to ann@example.org now"}}
    sound = {"id": "a", "data": "UklGRg==", "transcript": "write to ann@example.org now"}
    sent, _ = through([{"tool_calls": [custom]}, {"audio": sound}], personal_data())
    raw = b"".join(sent)
    assert b"ann@" not in raw
    assert raw.count(b"[email]") == 2
