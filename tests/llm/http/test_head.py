"""The head of a request says what HTTP wants, and nothing that a header smuggles in."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.http.head import head_of
from loopwright.llm.http.origin import origin_of
from loopwright.llm.provider import HttpAsk


def test_a_head_has_host_length_and_no_wish_for_packed_answers():
    ask = HttpAsk(path="/chat?x=1", body="ä".encode(), headers={"authorization": "Bearer k"})
    assert head_of(origin_of("https://host:8443/v1/"), ask).split(b"\r\n") == [
        b"POST /v1/chat?x=1 HTTP/1.1", b"host: host:8443", b"authorization: Bearer k", b"accept-encoding: identity",
        b"content-length: 2", b"", b"",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "ask",
    [
        HttpAsk(path="/x", body=b"", headers={"a": "secret\r\nb: c"}),
        HttpAsk(path="/x", body=b"", headers={"a": "secret\n"}),
        HttpAsk(path="/x", body=b"", headers={"a\r\nb": "c"}),
        HttpAsk(path="/x HTTP/1.1\r\n\r\nGET /", body=b""),
        HttpAsk(path="/x", body=b"", headers={"a": "sécret"}),
        HttpAsk(path="/x", body=b"", method="GET\r"),
    ],
)
def test_what_would_end_a_line_is_refused_without_its_value(ask):
    with pytest.raises(UsageError) as refused:
        head_of(origin_of("http://host"), ask)
    assert "cret" not in str(refused.value.as_dict())
