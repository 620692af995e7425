"""An answer that streams: its events as bytes, through the guards, settled and logged when it ends, however it ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial

import msgspec

from loopwright.errors import GuardBlockedError, LoopwrightError
from loopwright.llm.answer_cache import CacheHit
from loopwright.llm.ask import Piece, Reply, Usage
from loopwright.llm.calling.caller import StreamCall
from loopwright.llm.protocols.bounds import input_bound
from loopwright.llm.protocols.chat import reader_of
from loopwright.llm.protocols.errors import error_event
from loopwright.llm.protocols.saying import events_of, reply_saying
from loopwright.llm.protocols.unseen import may_think_unseen
from loopwright.llm.provider import StreamReader
from loopwright.serving.applications.aside import aside
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.guarded_events import GuardedEvents
from loopwright.serving.applications.preparing import blocked_by
from loopwright.serving.applications.responding import Responder, translated
from loopwright.serving.applications.rows import LEFT
from loopwright.serving.failure import as_failure

_REFUSAL = b'"refusal":"'
OnEnd = Callable[[Course, int, LoopwrightError | None], None]
"""Told once how a stream ended: the status that stands for it, and the error where it broke. Must not raise or wait."""


class GenerationStream:
    """One answer, event by event. Read `events` once, and `aclose` both.

    Args:
        course: The call's, whose first piece is there.
        source: The upstream's stream, or a whole answer from the cache.
        responder: Settles and keeps.
        on_end: Told how it ended.

    Attributes:
        course: The same.
    """

    def __init__(self, course: Course, source: StreamCall | CacheHit, *, responder: Responder, on_end: OnEnd) -> None:
        self.course = course
        self._source = source
        self._responder = responder
        self._on_end = on_end
        self._texts: dict[int, list[str]] = {}
        self._guarded: GuardedEvents | None = None
        self._bytes = 0
        self._plain = True
        self._ended = False

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events, whole lines. What fails after the first one is the last event, as its protocol has it; closing
        this before the end cancels the upstream."""
        if isinstance(self._source, CacheHit):
            reply = translated(self.course, self._source.reply)
            for event in events_of(self.course.call.ask, reply):
                yield event
            self._end(200, None)
            return
        try:
            async for event in self._called(self._source):
                yield event
        except (GeneratorExit, asyncio.CancelledError):
            self._cut(self._source)
            self._end(LEFT, None)
            raise
        except Exception as error:  # noqa: BLE001 - boundary: one stream; the error is its last event
            failure = as_failure(error)
            self._cut(self._source)
            self._end(failure.http_status, failure)
            yield error_event(self.course.call.ask.operation, failure)
        finally:
            await self._source.aclose()

    async def aclose(self) -> None:
        """Let go of a stream of which nobody has read, or will read, all; idempotent."""
        if isinstance(self._source, CacheHit):
            self._end(LEFT, None)
            return
        if not self._ended:
            self._cut(self._source)
            self._end(LEFT, None)
        await self._source.aclose()

    async def _called(self, stream: StreamCall) -> AsyncGenerator[bytes, None]:
        guards, course = self.course.arm.loaded.guards, self.course
        guarded = self._guarded = GuardedEvents(guards, stream.reader) if guards.needs_text else None
        translator = self._translator()
        try:
            async for piece in stream:
                self._note(piece)
                events = [piece.event] if guarded is None else await _guarded(guarded, piece)
                for event in events if translator is None else _translated(translator, events):
                    yield event
            rest = [] if guarded is None else await aside(guarded.waiting, guarded.end)
            for event in rest if translator is None else (*_translated(translator, rest), *_ends(translator)):
                yield event
        except GuardBlockedError as error:
            course.found("out", blocked_by(error))
            course.finish = "content_filter"
            self._cut(stream)
            course.text = ""
            self._end(200, error)
            if guarded is not None:
                yield guarded.stopped() if translator is None else translator.stopped("content_filter")
            return
        if guarded is not None:
            course.found("out", guarded.findings)
        self._complete(stream)

    def _translator(self) -> StreamReader | None:
        original, asked = self.course.call.ask, self.course.asked
        if original.operation == asked.operation:
            return None
        return reader_of(original, self.course.arm.loaded.providers("openai").reader(asked))

    def _note(self, piece: Piece) -> None:
        self._bytes += len((piece.text or piece.tool).encode())
        if piece.text and not piece.aside and self._guarded is None:
            self._texts.setdefault(piece.choice, []).append(piece.text)
        self._plain = self._plain and not piece.tool and not piece.choice and _REFUSAL not in piece.event

    def _text(self) -> str:
        """What was answered: as it came where no guard looks, else as guards let it go."""
        if self._guarded is not None:
            return self._guarded.text
        return "\n".join("".join(self._texts[choice]) for choice in sorted(self._texts))

    def _complete(self, stream: StreamCall) -> None:
        outcome, course = stream.outcome, self.course
        course.finish = outcome.finish
        course.text = self._text()
        self._responder.settle(course, outcome.usage)
        # What a reply that says one text would not repeat is not kept: calls of tools, further choices, refusals.
        if course.text and self._plain and course.asked.body.get("n") in (None, 1):
            self._responder.keep(course, self._reply(stream))
        self._end(200, None)

    def _reply(self, stream: StreamCall) -> Reply:
        outcome, course = stream.outcome, self.course
        return reply_saying(
            course.asked, course.text, model=outcome.model or "", id=outcome.id or course.call.id,
            created=course.call.at // 1_000_000, finish=outcome.finish or "stop", usage=outcome.usage,
        )  # fmt: skip

    def _cut(self, stream: StreamCall) -> None:
        """Settle a stream that did not come to its end.

        An upstream says what it took at the end only. A token is at least one byte, so the bytes that came, thoughts
        and calls of tools among them, bound those of the answer, as the request's bytes do its own. Where texts were
        not looked at, or the upstream may have thought unseen, nobody knows.
        """
        course = self.course
        course.text = self._text()
        told, ended = stream.outcome.usage, stream.outcome.finish is not None
        if told is None or not ended:
            told = self._bound(told)
        self._responder.settle(course, told)

    def _bound(self, told: Usage | None) -> Usage | None:
        """What an answer took at most whose end did not come; None where nobody knows.

        Args:
            told: What the upstream has said until then, which may be of the beginning.
        """
        course = self.course
        if course.upstream is None or not self._bytes or may_think_unseen(course.asked, course.upstream):
            return None
        begun = told or Usage(input_tokens=input_bound(course.asked))
        return msgspec.structs.replace(begun, output_tokens=max(begun.output_tokens, self._bytes))

    def _end(self, status: int, error: LoopwrightError | None) -> None:
        if not self._ended:
            self._ended = True
            self._on_end(self.course, status, error)


async def _guarded(guarded: GuardedEvents, piece: Piece) -> list[bytes]:
    return await aside(guarded.waiting + len(piece.tool or piece.text), partial(guarded.through, piece))


def _translated(translator: StreamReader, events: list[bytes]) -> list[bytes]:
    return [piece.event for event in events for piece in translator.feed(event)]


def _ends(translator: StreamReader) -> list[bytes]:
    return [piece.event for piece in translator.end()]
