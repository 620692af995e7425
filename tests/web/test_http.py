import asyncio

import pytest

from loopwright.errors import PayloadTooLargeError
from loopwright.web.http import Request, Response


def body(*messages, limit=10, **headers):
    waiting = list(messages)

    async def receive():
        return waiting.pop(0)

    scope = {"method": "POST", "path": "/", "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    return asyncio.run(Request.of(scope, receive).body(limit))


def part(data, more=False):
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_body_is_read_whole():
    assert body(part(b"abc")) == b"abc"
    assert body(part(b"abc", True), part(b"", True), part(b"def")) == b"abcdef"
    assert body(part(b"0123456789")) == b"0123456789"
    assert body({"type": "http.request"}) == b""


@pytest.mark.parametrize("messages", [(part(b"0" * 11),), (part(b"0" * 6, True), part(b"0" * 6, True))])
def test_over_the_limit_nothing_more_is_read(messages):
    with pytest.raises(PayloadTooLargeError):
        body(*messages)


def test_a_declared_length_over_the_limit_is_refused_unread():
    with pytest.raises(PayloadTooLargeError):
        body(**{"content-length": "11"})


@pytest.mark.parametrize("messages", [(), (part(b"a", True),)])
def test_a_caller_that_leaves_is_told_apart(messages):
    with pytest.raises(ConnectionAbortedError):
        body(*messages, {"type": "http.disconnect"})


def test_a_response_is_two_messages():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Response(status=201, body=b"{}", headers=((b"x", b"y"),)).send(send))
    assert sent[0]["status"] == 201
    assert sent[0]["headers"] == [(b"content-type", b"application/json"), (b"content-length", b"2"), (b"x", b"y")]
    assert sent[1]["body"] == b"{}"
