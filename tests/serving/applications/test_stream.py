"""Streams end once, settled and told of, however they end."""

import asyncio
from contextlib import aclosing

import pytest
from tests.serving.applications.stage import UPSTREAM, Metered, call, course, loaded
from tests.serving.applications.test_guarded_events import event

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Usage
from loopwright.llm.guards.declarations import secrets
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


class Played:
    """A stream over a source, and what became of it."""

    def __init__(self, *data, guards=(), **fields):
        self.meter, self.ended = Metered(), []
        tools = RespondTools(meter=self.meter, cache=NoCache(), clock=ManualClock(), groups_of=no_groups)
        self.course = course(loaded(guards=guards), call(stream=True, **fields))
        self.course.upstream = UPSTREAM
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
