"""Streams end once, settled and told of, however they end."""

import asyncio
from contextlib import aclosing

import msgspec
import pytest
from tests.serving.applications.stage import UPSTREAM, Metered, call, course, loaded
from tests.serving.applications.test_guarded_events import event

from loopwright.errors import UpstreamError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.ask import Usage
from loopwright.llm.guards.declarations import personal_data, secrets
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.serving.applications.absent import NoCache, no_groups
from loopwright.serving.applications.responding import Responder, RespondTools
from loopwright.serving.applications.stream import GenerationStream
from loopwright.testing.clocks import ManualClock

USAGE = b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":4}}\n\n'
END = b"data: [DONE]\n\n"


class Source:
    """Stands where `StreamCall` stands: gives these bytes, or raises what stands among them."""

    def __init__(self, asked, *data):
        self.reader = OpenAIProvider().reader(asked)
        self._data, self.closed = data, 0

    @property
    def outcome(self):
        return self.reader.outcome

    async def __aiter__(self):
        for data in self._data:
            if isinstance(data, Exception):
                raise data
            for piece in self.reader.feed(data):
                yield piece
        for piece in self.reader.end():
            yield piece

    async def aclose(self):
        self.closed += 1


class Kept(NoCache):
    """Says what it was given to keep."""

    def __init__(self):
        self.replies = []

    def keep(self, ask, reply, *, version, tenant, policy):
        self.replies.append(reply)


class Played:
    """A stream over a source, and what became of it."""

    def __init__(self, *data, guards=(), upstream=UPSTREAM, **fields):
        self.meter, self.ended = Metered(), []
        self.kept = Kept()
        tools = RespondTools(meter=self.meter, cache=self.kept, clock=ManualClock(), groups_of=no_groups)
        one = loaded(guards=guards, cache=CachePolicy(exact_s=60.0))
        self.course = course(one, call(stream=True, **fields))
        self.course.upstream = upstream
        self.source = Source(self.course.call.ask, *data)
        self.stream = GenerationStream(
            self.course, self.source, responder=Responder(tools), on_end=lambda *said: self.ended.append(said[1:])
        )

    def read(self, most=None):
        async def run():
            found = []
            async with aclosing(self.stream), aclosing(self.stream.events()) as events:
                async for one in events:
                    found.append(one)
                    if len(found) == most:
                        break
            return b"".join(found)

        return asyncio.run(run())


HELLO = (event({"content": "Hel"}), event({"content": "lo"}), event({}, "stop"), USAGE, END)


def test_a_whole_stream_passes_as_it_came_and_is_settled_with_its_usage():
    played = Played(*HELLO)
    assert played.read() == HELLO[0] + HELLO[1] + HELLO[2] + END
    assert played.ended == [(200, None)]
    assert [one[1] for one in played.meter.settled] == [Usage(input_tokens=7, output_tokens=4)]
    assert (played.course.finish, played.source.closed > 0) == ("stop", True)


@pytest.mark.parametrize("most", [1, 2])
def test_a_reader_who_leaves_closes_the_upstream_and_pays_for_what_came(most):
    played = Played(*HELLO)
    played.read(most)
    assert played.ended == [(499, None)]
    assert played.source.closed > 0
    ((_, usage, _, _),) = played.meter.settled
    assert usage is None or usage.output_tokens >= 3


def test_a_stream_that_nobody_began_to_read_is_settled_too():
    played = Played(*HELLO)
    asyncio.run(played.stream.aclose())
    asyncio.run(played.stream.aclose())
    assert (played.ended, len(played.meter.settled)) == ([(499, None)], 1)


def test_a_stream_that_breaks_ends_with_an_error_and_not_as_if_it_were_whole():
    played = Played(HELLO[0], UpstreamError("it broke off"))
    raw = played.read()
    assert raw.startswith(HELLO[0])
    assert b'"code":"LW516"' in raw
    assert b"[DONE]" not in raw
    ((status, error),) = played.ended
    assert (status, error.code, len(played.meter.settled)) == (502, "LW516", 1)


def test_a_bug_on_the_way_is_no_traceback():
    raw = Played(HELLO[0], ZeroDivisionError("secret detail of ours")).read()
    assert b"Traceback" not in raw


def test_a_guard_ends_a_stream_well_formed_and_nothing_of_the_text_is_kept():
    played = Played(event({"content": "It is AKIAIOSFODNN7EXAMPLQ, and"}), *HELLO, guards=(secrets(),))
    raw = played.read()
    assert b"AKIA" not in raw
    assert raw.endswith(END)
    assert played.course.text == ""
    assert played.course.finish == "content_filter"
    assert played.ended[0][0] == 200
    assert played.kept.replies == []


def test_what_a_guard_masks_in_a_stream_is_masked_in_the_cache_and_in_the_log_too():
    data = (event({"content": "Write to ann@exam"}), event({"content": "ple.org soon."}), event({}, "stop"), USAGE, END)
    played = Played(*data, guards=(personal_data(),))
    raw = played.read()
    (reply,) = played.kept.replies
    assert b"ann@" not in raw + reply.body
    assert (reply.text, played.course.text) == ("Write to [email] soon.",) * 2


@pytest.mark.parametrize("leave", [1, 2])
def test_of_a_stream_that_its_reader_left_only_what_was_let_go_is_kept(leave):
    words = "one two three four five six seven eight nine ten eleven twelve "
    data = (event({"content": words}), event({"content": words}), event({"content": "ann@example.org"}), *HELLO)
    played = Played(*data, guards=(personal_data(),))
    raw = played.read(leave)
    sent = [msgspec.json.decode(line[6:]) for line in raw.splitlines() if line.startswith(b"data: {")]
    said = "".join(one["choices"][0]["delta"].get("content") or "" for one in sent)
    assert said
    assert played.course.text == said


def cut(*data, **fields):
    played = Played(*data, **fields)
    played.read(len(data))
    ((_, usage, _, _),) = played.meter.settled
    return usage


def test_a_stream_that_is_cut_is_charged_for_its_thoughts_and_calls_too():
    thought = event({"reasoning_content": "t" * 40})
    call = event({"tool_calls": [{"index": 0, "function": {"arguments": "a" * 30}}]})
    assert cut(thought, HELLO[0]).output_tokens == 43
    assert cut(HELLO[0], call).output_tokens >= 33


def test_a_stream_that_is_cut_is_charged_the_whole_bound_where_thoughts_may_be_hidden():
    assert cut(HELLO[0], upstream=msgspec.structs.replace(UPSTREAM, model="o4-mini")) is None
    assert cut(HELLO[0], reasoning_effort="high") is None


def test_thoughts_that_a_guard_has_looked_at_are_no_part_of_the_answer():
    played = Played(event({"reasoning_content": "a thought"}), *HELLO, guards=(secrets(),))
    played.read()
    assert played.course.text == "Hello"


def other(text):
    return event({"content": text}).replace(b'"index":0', b'"index":1')


@pytest.mark.parametrize("guards", [(), (secrets(),)])
@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ((HELLO[0], other("Hel"), HELLO[1], other("lo"), event({}, "stop"), USAGE, END), {"n": 2}),
        ((HELLO[0], HELLO[1], event({}, "stop"), USAGE, END), {"n": 2}),
        ((event({"refusal": "No, never."}), event({}, "stop"), USAGE, END), {}),
    ],
)
def test_what_is_more_than_one_text_is_never_kept_as_one(guards, data, fields):
    played = Played(*data, guards=guards, **fields)
    played.read()
    assert played.kept.replies == []
    assert Played(*HELLO, guards=guards).read()


@pytest.mark.parametrize("guards", [(), (secrets(),)])
def test_several_choices_are_told_apart_in_the_log(guards):
    played = Played(HELLO[0], other("Hi "), HELLO[1], other("there"), event({}, "stop"), USAGE, END, guards=guards, n=2)
    played.read()
    assert played.course.text == "Hello\nHi there"


def test_a_stream_without_further_choices_is_kept():
    played = Played(*HELLO)
    played.read()
    assert [one.text for one in played.kept.replies] == ["Hello"]


def test_long_texts_of_a_stream_are_guarded_too():
    long = "word " * 6000
    played = Played(event({"content": long}), event({"content": "ann@example.org "}), *HELLO, guards=(personal_data(),))
    raw = played.read()
    assert b"ann@" not in raw
    assert played.course.text == f"{long}[email] Hello"
