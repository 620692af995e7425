"""What the stream readers of every provider, and every wrapper of one, must do.

A test class subclasses `StreamReaderSuite`, says `implementation = TheClass` of the provider, and has the fixtures
`provider` and `sent` (what an upstream of that kind sends), and `heard`, by which a stock client reads a stream.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.ask import OPERATIONS, Operation, Outcome, Piece
from loopwright.llm.provider import Provider, StreamReader
from loopwright.testing.provider_suite import Sent, asked

_ENDS: Mapping[Operation, bytes] = {
    "chat": b"data: [DONE]", "completion": b"data: [DONE]", "response": b"event: response.completed",
    "message": b"event: message_stop",
}  # fmt: skip
_STOPS: Mapping[Operation, bytes] = {**_ENDS, "response": b"event: response.incomplete"}
_STREAMED = tuple(operation for operation in OPERATIONS if operation != "embedding")


class StreamReaderSuite(ABC):
    """The contract of `StreamReader`."""

    implementation: ClassVar[type[Provider]]

    @abstractmethod
    def heard(self, operation: Operation, stream: bytes) -> str:
        """The text that the stock client of the operation's protocol makes of a stream; raises what the client does."""

    @pytest.fixture(params=_STREAMED)
    def streamed(self, request: pytest.FixtureRequest, provider: Provider) -> Operation:
        """Each operation that it takes as a stream."""
        if not provider.takes(request.param):
            pytest.skip(f"it takes no {request.param}")
        return request.param  # type: ignore[no-any-return]

    def test_a_stream_is_what_the_stock_client_hears(self, provider: Provider, streamed: Operation, sent: Sent) -> None:
        pieces, outcome = read(self._reader(provider, streamed), sent.events[streamed])
        stream = b"".join(piece.event for piece in pieces)
        assert self.heard(streamed, stream) == sent.text
        assert "".join(piece.text for piece in pieces if not piece.aside) == sent.text
        assert stream.count(_ENDS[streamed]) == 1
        assert stream.rstrip().rfind(b"\n\n") < stream.find(_ENDS[streamed])
        assert outcome.usage == sent.usage
        assert outcome.finish == "stop"

    def test_a_stream_may_be_split_anywhere(self, provider: Provider, streamed: Operation, sent: Sent) -> None:
        stream = b"".join(sent.events[streamed])
        once = read(self._reader(provider, streamed), [stream])
        for cut in range(1, len(stream)):
            assert read(self._reader(provider, streamed), [stream[:cut], stream[cut:]]) == once
        assert read(self._reader(provider, streamed), list(_bytes(stream))) == once

    def test_without_texts_the_same_is_passed_on(self, provider: Provider, streamed: Operation, sent: Sent) -> None:
        looked, known = read(self._reader(provider, streamed), sent.events[streamed])
        for cuts in (1, 7, 4096):
            stream = b"".join(sent.events[streamed])
            reader = self._reader(provider, streamed)
            reader.texts = False
            parts = [stream[at : at + cuts] for at in range(0, len(stream), cuts)]
            pieces, outcome = read(reader, parts)
            assert b"".join(piece.event for piece in pieces) == b"".join(piece.event for piece in looked)
            assert outcome == known

    def test_usage_is_told_to_who_asked_and_known_in_any_case(self, provider: Provider, sent: Sent) -> None:
        if not provider.takes("chat"):
            pytest.skip("it takes no chats")
        for told in (True, False):
            reader = provider.reader(asked("chat", stream=True, stream_options={"include_usage": told}))
            pieces, outcome = read(reader, sent.events["chat"])
            counted = [piece for piece in pieces if b'"prompt_tokens"' in piece.event]
            assert len(counted) == int(told)
            assert outcome.usage == sent.usage

    def test_a_stream_that_was_cut_off_is_the_upstreams_error(
        self, provider: Provider, streamed: Operation, sent: Sent
    ) -> None:
        events = sent.events[streamed]
        for texts in (True, False):
            for count in range(self._last_text(provider, streamed, events) + 2):
                reader = self._reader(provider, streamed)
                reader.texts = texts
                with pytest.raises(UpstreamError):
                    read(reader, [*events[:count], events[count][: len(events[count]) // 2]])

    def test_an_error_within_a_stream_is_the_upstreams_error(
        self, provider: Provider, streamed: Operation, sent: Sent
    ) -> None:
        events = sent.events[streamed]
        for texts, wrong in ((True, sent.error), (False, sent.error), (True, b"data: {not json\n\n")):
            reader = self._reader(provider, streamed)
            reader.texts = texts
            with pytest.raises(UpstreamError):
                read(reader, [*events[:2], wrong, *events[2:]])

    def test_a_stream_that_is_none_is_the_upstreams_error(self, provider: Provider, streamed: Operation) -> None:
        for body in (b"", b'{"error":{"message":"overloaded"}}', b"<html></html>", b": nothing\n\n"):
            with pytest.raises(UpstreamError):
                read(self._reader(provider, streamed), [body])

    def test_texts_can_be_changed_all_along(self, provider: Provider, streamed: Operation, sent: Sent) -> None:
        reader = self._reader(provider, streamed)
        stream = b""
        for pieces in (*(reader.feed(event) for event in sent.events[streamed]), reader.end()):
            stream += b"".join(
                reader.with_text(piece, piece.text.upper() if piece.text else piece.tool) for piece in pieces
            )
        assert self.heard(streamed, stream) == sent.text.upper()
        assert sent.text.encode() not in stream

    def test_texts_that_stay_leave_the_bytes_as_they_are(
        self, provider: Provider, streamed: Operation, sent: Sent
    ) -> None:
        reader = self._reader(provider, streamed)
        for pieces in (*(reader.feed(event) for event in sent.events[streamed]), reader.end()):
            for piece in pieces:
                assert reader.with_text(piece, piece.tool or piece.text) == piece.event

    def test_a_stream_that_is_stopped_ends_well_formed(
        self, provider: Provider, streamed: Operation, sent: Sent
    ) -> None:
        events = sent.events[streamed]
        for count in range(1, self._last_text(provider, streamed, events) + 2):
            reader = self._reader(provider, streamed)
            pieces = [piece for event in events[:count] for piece in reader.feed(event)]
            for piece in pieces:
                reader.with_text(piece, piece.tool or piece.text)
            ended = reader.stopped("content_filter")
            stream = b"".join(piece.event for piece in pieces) + ended
            assert self.heard(streamed, stream) == "".join(piece.text for piece in pieces if not piece.aside)
            assert stream.count(_STOPS[streamed]) == ended.count(_STOPS[streamed]) == 1
            assert stream.count(b"event: content_block_start\n") == stream.count(b"event: content_block_stop\n")
            assert reader.outcome.finish == "content_filter"
            assert not b"".join(piece.event for piece in reader.end())

    def _reader(self, provider: Provider, operation: Operation) -> StreamReader:
        return provider.reader(asked(operation, stream=True))

    def _last_text(self, provider: Provider, operation: Operation, events: Sequence[bytes]) -> int:
        """The place of the event that says the last text."""
        reader = self._reader(provider, operation)
        spoke = [any(piece.text for piece in reader.feed(event)) for event in events]
        return max(at for at, text in enumerate(spoke) if text)


def read(reader: StreamReader, parts: Sequence[bytes]) -> tuple[list[Piece], Outcome]:
    """All that a reader makes of a stream that comes in these parts."""
    pieces = [piece for part in parts for piece in reader.feed(part)]
    pieces += reader.end()
    return pieces, reader.outcome


def _bytes(stream: bytes) -> Iterator[bytes]:
    return (stream[at:after] for at, after in pairwise(range(len(stream) + 1)))
