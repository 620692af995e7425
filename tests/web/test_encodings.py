import asyncio
import gzip
import os
import tracemalloc
import zlib

import pytest

from loopwright.errors import PayloadTooLargeError, RequestRefusedError
from loopwright.web.encodings import compressed, read_body
from loopwright.web.http import Request, Response

PACKED = gzip.compress(b"a", mtime=0)  # without the time, which would name tests anew in each worker


def read(body, encoding=None, limit=1000):
    async def receive():
        return {"type": "http.request", "body": body}

    headers = {} if encoding is None else {"content-encoding": encoding}
    return asyncio.run(read_body(Request(method="POST", path="/", headers=headers, receive=receive), limit))


@pytest.mark.parametrize(
    ("encoding", "write"), [(None, bytes), ("identity", bytes), ("GZIP", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_body_is_read_as_its_sender_meant_it(encoding, write):
    assert read(write(b"hello"), encoding) == b"hello"
    assert read(write(b"x" * 1000), encoding) == b"x" * 1000
    with pytest.raises(PayloadTooLargeError):
        read(write(b"x" * 1001), encoding)


def test_a_bomb_is_unpacked_no_further_than_the_limit():
    bomb = zlib.compress(b" " * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLargeError):
            read(bomb, "deflate", limit=100_000)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"", "gzip"), (b"no", "deflate"), (PACKED[:-1], "gzip"), (PACKED * 2, "gzip"),
     (b"a", "br"), (PACKED, "gzip, gzip")],
)  # fmt: skip
def test_a_body_that_is_not_what_it_says_is_refused(body, encoding):
    with pytest.raises(RequestRefusedError):
        read(body, encoding)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("", None), ("br", None), ("gzip", b"gzip"), ("br, deflate, gzip", b"deflate"), ("gzip;q=0.5", b"gzip")],
)
def test_an_answer_is_compressed_as_its_reader_takes_it(accepted, encoding):
    made = compressed(Response(body=b"x" * 5000), {"accept-encoding": accepted})
    assert dict(made.headers).get(b"content-encoding") == encoding
    undo = {None: bytes, b"gzip": gzip.decompress, b"deflate": zlib.decompress}[encoding]
    assert undo(made.body) == b"x" * 5000


def test_a_short_answer_is_left_as_it_is():
    short = Response(body=os.urandom(500))
    assert compressed(short, {"accept-encoding": "gzip"}) is short
