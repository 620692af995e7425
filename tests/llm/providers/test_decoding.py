import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.protocols.sse import Event, SseParser
from loopwright.llm.providers.decoding import event_body, last_event, whole_answer


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b"\xff", b"{" * 9000, b'{"error": "no"}', b'{"type": "error"}']
)
def test_what_is_no_answer_is_an_error_of_the_upstream(body):
    with pytest.raises(UpstreamError):
        whole_answer(body)
    with pytest.raises(UpstreamError):
        event_body(Event(raw=b"", data=body))


def test_an_answer_whose_error_is_null_is_one():
    assert whole_answer(b'{"error": null, "a": 1}') == {"error": None, "a": 1}


def test_an_event_named_error_is_one_whatever_it_says():
    with pytest.raises(UpstreamError) as caught:
        event_body(Event(raw=b"", data=b'{"message": "busy"}', name="error"))
    assert caught.value.why == "busy"


def test_the_last_event_needs_no_empty_line():
    parser = SseParser()
    parser.feed(b'data: {"a": 1}\n\ndata: {"b": 2}')
    assert last_event(parser).data == b'{"b": 2}'
    assert last_event(parser) is None


def test_json_in_place_of_a_stream_is_an_error_that_says_what_it_said():
    parser = SseParser()
    parser.feed(b'  {"error": {"message": "no such model"}}')
    with pytest.raises(UpstreamError) as caught:
        last_event(parser)
    assert caught.value.why == "no such model"
