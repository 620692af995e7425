"""An answer on the short way, as bytes."""

import http.client
import io

import pytest

from loopwright.web.short_cycle import message


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@pytest.mark.parametrize(("status", "phrase"), [(200, "OK"), (429, "Too Many Requests"), (799, "")])
def test_an_answer_is_read_back_by_a_stock_reader(status: int, phrase: str) -> None:
    said = message(status, b'{"a":1}', [(b"content-type", b"application/json"), (b"x-request-id", b"r")])
    read = http.client.HTTPResponse(_Socket(said))  # type: ignore[arg-type]
    read.begin()
    assert (read.status, read.reason, read.read()) == (status, phrase, b'{"a":1}')
    assert read.getheader("x-request-id") == "r"
