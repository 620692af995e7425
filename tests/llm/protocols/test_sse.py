from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.errors import UpstreamError
from loopwright.llm.protocols.sse import SseParser, blocks_of, event_of, parsed


def fed(stream: bytes, cuts: list[int]) -> list:
    parser = SseParser()
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [event for a, b in pairwise(places) for event in parser.feed(stream[a:b])]


LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
WORDS = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=12).map(str.encode)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=5), LINE_ENDS, st.lists(st.integers(0, 500)))
def test_events_split_anywhere_come_out_whole_and_byte_for_byte(events, end, cuts):
    stream = b"".join(b"".join(b"data: " + line + end for line in lines) + end for lines in events)

    found = fed(stream, cuts)

    passed = b"".join(event.raw for event in found)
    assert stream.startswith(passed)
    assert stream[len(passed) :] in (b"", b"\n"), "only the line feed of a last CRLF that was split may be left"
    assert [event.data for event in found] == [b"\n".join(lines) for lines in events]


@given(st.lists(WORDS.filter(bool), max_size=4), LINE_ENDS)
def test_one_byte_at_a_time(words, end):
    stream = b"".join(b"data: " + word + end + end for word in words)
    said = [event.data for event in fed(stream, list(range(len(stream)))) if event.data]
    assert said == words


def test_comments_names_ids_and_a_byte_order_mark():
    stream = b"\xef\xbb\xbfevent: ping\ndata:{}\n\n: keep alive\n\nid: 7\nretry: 3\ndata: a\ndata:  b\nnonsense\n\n"

    events = SseParser().feed(stream)

    assert [(event.name, event.data) for event in events] == [("ping", b"{}"), ("", b""), ("", b"a\n b")]
    assert b"".join(event.raw for event in events) == stream


def test_what_no_empty_line_ends_is_the_rest():
    parser = SseParser()
    assert len(parser.feed(b"data: a\n\ndata: [DONE]")) == 1
    assert parser.rest() == b"data: [DONE]"
    assert parser.rest() == b""
    whole = SseParser()
    whole.feed(b"data: a\r\n\r\n")
    assert whole.rest() == b""


def test_an_event_longer_than_is_allowed_is_an_error_of_the_upstream():
    parser = SseParser(most_bytes=100)
    parser.feed(b"data: " + b"x" * 90)
    with pytest.raises(UpstreamError):
        parser.feed(b"x" * 10)
    with pytest.raises(UpstreamError):
        SseParser(most_bytes=100).feed(b"data: " + b"x" * 100 + b"\n\n")


def test_a_long_event_in_many_pieces_is_looked_through_once():
    looked = []

    class Counting(SseParser):
        def blocks(self, data):
            looked.append(len(self._held) - self._looked)
            return super().blocks(data)

    parser = Counting()
    for _ in range(2000):
        parser.feed(b"x" * 10)
    assert max(looked) <= 4


def test_whole_events_are_given_together_where_none_is_looked_into():
    parser = SseParser(most_bytes=30)
    assert parser.whole(b"data: a\n\ndata: b\n\n") == b"data: a\n\ndata: b\n\n"
    assert parser.whole(b"data: a\n\ndata:") == b"data: a\n\n"
    assert parser.whole(b" b\r\n") == b""
    assert parser.whole(b"\r\n") == b"data: b\r\n\r\n"
    with pytest.raises(UpstreamError):
        parser.whole(b"data: " + b"x" * 30 + b"\n\n")
    assert blocks_of(b"data: a\n\n\n\ndata: b\n\n")[0] == b"data: a\n\n"


def test_an_event_that_is_written_is_read_as_it_was():
    assert parsed(event_of(b'{"a":1}', "delta")) == parsed(b'event: delta\ndata: {"a":1}\n\n')
    assert parsed(event_of(b"{}")).data == b"{}"
