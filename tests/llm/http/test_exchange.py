"""What has come back of an answer, and whether the request may be sent again."""

from loopwright.llm.http.exchange import Exchange, failed, header_of


def test_headers_are_found_whatever_their_case_and_the_first_counts():
    headers = [(b"Retry-After", b"2"), (b"retry-after", b"9")]
    assert header_of(headers, "retry-after") == "2"
    assert header_of(headers, "date") is None


def test_only_a_connection_closed_before_anything_came_is_stale():
    def exchange(cause, *, begun):
        one = Exchange(whole=True)
        one.begun, one.failure = begun, failed("http://x", cause, "")
        return one.stale

    assert exchange("closed", begun=False)
    assert not exchange("closed", begun=True)
    assert not exchange("timeout", begun=False)
    assert not Exchange(whole=True).stale


def test_bytes_are_taken_once():
    exchange = Exchange(whole=False)
    exchange.chunks += [b"a", b"b"]
    exchange.size = 2
    assert (exchange.take(), exchange.take(), exchange.size) == (b"ab", b"", 0)
