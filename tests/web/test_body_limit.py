"""What the limit lets through, and when it refuses."""

import asyncio

import pytest

from loopwright.errors import PayloadTooLargeError
from loopwright.web.body_limit import BodyLimit


def sent(pieces, *, declared=None, kind="http"):
    """What an application behind a limit of 10 bytes reads, piece by piece."""
    read = []

    async def app(scope, receive, send):
        more = scope["type"] == "http"
        while more:
            message = await receive()
            read.append(message["body"])
            more = message["more_body"]

    left = list(pieces)

    async def receive():
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    headers = [] if declared is None else [(b"content-length", declared)]
    try:
        asyncio.run(BodyLimit(app, most_bytes=10)({"type": kind, "headers": headers}, receive, None))
    except PayloadTooLargeError:
        return read, "refused"
    return read, "taken"


@pytest.mark.parametrize("pieces", [[b""], [b"x" * 10], [b"xxxxx", b"", b"xxxxx"]])
def test_bodies_up_to_the_limit_are_read_as_they_come(pieces):
    assert sent(pieces) == (pieces, "taken")


def test_a_body_in_pieces_is_read_until_the_limit_and_no_further():
    assert sent([b"xxxxx"] * 100) == ([b"xxxxx"] * 2, "refused")


@pytest.mark.parametrize("declared", [b"11", b"-1", b"many", b"9" * 30])
def test_a_declared_size_that_is_too_large_or_none_is_refused_before_anything_is_read(declared):
    assert sent([b"x"], declared=declared) == ([], "refused")


def test_a_body_that_is_longer_than_it_says_is_refused():
    assert sent([b"x" * 11], declared=b"5") == ([], "refused")


def test_what_is_no_http_request_passes():
    assert sent([], kind="lifespan") == ([], "taken")
