"""Compressed bodies, both ways: gzip and deflate (the zlib form), as HTTP and tritonclient name them."""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import replace

from loopwright.errors import PayloadTooLargeError, RequestRefusedError
from loopwright.web.http import Request, Response

_WBITS = {"gzip": 31, "deflate": 15}
_WORTH_BYTES = 1024


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body as its sender meant it.

    Args:
        request: The request.
        limit: The largest body in bytes, as sent and as meant.

    Raises:
        PayloadTooLargeError: It is larger.
        RequestRefusedError: Its encoding is not known (HTTP status 415), or it is not in that encoding.
        ConnectionAbortedError: The caller went away.
    """
    body = await request.body(limit)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding not in _WBITS:
        raise RequestRefusedError(
            f"the body's encoding {encoding[:40]!r} is not known", why=f"known: {', '.join(_WBITS)}",
            fix="Send the body as it is.", http_status=415,
        )  # fmt: skip
    return _inflated(body, encoding, limit)


def _inflated(body: bytes, encoding: str, limit: int) -> bytes:
    machine = zlib.decompressobj(wbits=_WBITS[encoding])
    try:
        meant = machine.decompress(body, limit + 1)
    except zlib.error as error:
        raise RequestRefusedError(f"the body is not {encoding}", why=str(error)) from error
    if len(meant) > limit:
        raise PayloadTooLargeError(
            "the request body is too large", why=f"the limit is {limit} bytes", limit_bytes=limit
        )
    if not machine.eof or machine.unused_data:
        raise RequestRefusedError(f"the body is not {encoding}", why="it ends too early or goes on past its end")
    return meant


def compressed(response: Response, headers: Mapping[str, str]) -> Response:
    """The answer in an encoding that the caller takes, where that is worth it."""
    if len(response.body) < _WORTH_BYTES:
        return response
    taken = [part.partition(";")[0].strip().lower() for part in headers.get("accept-encoding", "").split(",")]
    encoding = next((name for name in taken if name in _WBITS), None)
    if encoding is None:
        return response
    # Level 1: a third of the time of the default level for an eighth more bytes.
    small = gzip.compress(response.body, 1, mtime=0) if encoding == "gzip" else zlib.compress(response.body, 1)
    named = ((b"content-encoding", encoding.encode()), (b"vary", b"accept-encoding"))
    return replace(response, body=small, headers=(*response.headers, *named))
