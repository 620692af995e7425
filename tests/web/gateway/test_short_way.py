"""The short way of calls answers as the usual way does, byte for byte, and lets go of callers who leave."""

import asyncio
import json
import re
import socket
import time

import pytest
from tests.web.gateway.gateways import Gateway, application, eventually, new_home, upstream_of

from loopwright.testing.upstream_server import LocalUpstream
from loopwright.web.gateway.short_way import GatewayCycle, GatewayHead, Way

HELLO = [{"role": "user", "content": "Hello there, how are you today?"}]
BODY = {"model": "support", "messages": HELLO}
ID = re.compile(rb"req_[0-9a-f]{32}|chatcmpl-[0-9a-zA-Z]+|msg_[0-9a-zA-Z]+|resp_[0-9a-zA-Z]+")
TIMES = re.compile(rb'"(created|created_at)":\s?\d+')


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """One home behind a worker with the short way, and one without."""
    home = new_home(tmp_path_factory.mktemp("project"))
    with LocalUpstream() as upstream:
        home.serve("support", application(upstream_of(upstream)))
        with (
            Gateway(home, "support", name="short") as short,
            Gateway(home, "support", name="usual", LOOPWRIGHT_HOT_PATH="false") as usual,
        ):
            short.upstream = upstream
            yield short, usual
    home.stores.close()


def request(body, *headers, path="/v1/chat/completions"):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def exchanged(gateway, *messages):
    """All that comes back on one connection, whose last request closes it."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        for message in messages:
            connection.sendall(message)
        data = b""
        while more := connection.recv(65536):
            data += more
    return data


def comparable(data):
    heads = re.sub(rb"(connection: close\r\n)", b"", data)
    return TIMES.sub(b"*", ID.sub(b"*", heads))


LAST = "Connection: close"
CORPUS = {
    "a chat": request(BODY),
    "a completion": request({"model": "support", "prompt": "Hello"}, path="/v1/completions"),
    "a message": request({**BODY, "max_tokens": 9}, path="/v1/messages"),
    "a response": request({"model": "support", "input": "Hello"}, path="/v1/responses"),
    "embeddings": request({"model": "support", "input": ["Hello"]}, path="/v1/embeddings"),
    "no model": request({"messages": HELLO}),
    "another model": request({**BODY, "model": "nobody"}),
    "a version that is none": request({**BODY, "model": "support@00000000"}),
    "not JSON": request(b"{"),
    "another host": request(BODY).replace(b"127.0.0.1", b"evil.example"),
    "a form": request(BODY).replace(b"application/json", b"text/plain"),
    "a wrong key": request(BODY, "Authorization: Bearer wrong"),
    "a wrong key of Anthropic's": request({**BODY, "max_tokens": 9}, "x-api-key: wrong", path="/v1/messages"),
    "a query": request(BODY, path="/v1/chat/completions?beta=true"),
    "a long body": request({**BODY, "messages": [{"role": "user", "content": "word " * 70_000}]}),
    "a stream": request({**BODY, "stream": True}),
    "a message's stream": request({**BODY, "max_tokens": 9, "stream": True}, path="/v1/messages"),
    "a stream of nobody": request({**BODY, "model": "nobody", "stream": True}),
}


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_both_ways_answer_the_same(both, name):
    """Twice, so that a head is new first and known then."""
    short, usual = both
    message, last = CORPUS[name], request(BODY, LAST)
    first = comparable(exchanged(short, message, message, last))
    assert first == comparable(exchanged(usual, message, message, last))
    assert first.count(b"HTTP/1.1 ") == 3


def test_calls_in_one_packet_are_answered_in_their_order(both):
    """A stream behind a slow answer waits for its turn."""
    short, _ = both
    stream = {**BODY, "stream": True}
    said = exchanged(short, request(BODY) + request(stream) + request({**BODY, "model": "no"}) + request(stream, LAST))
    heads = re.findall(rb"HTTP/1.1 (\d+) [^\r]*\r\ncontent-type: ([^;\r]*)", said)
    json_, events = b"application/json", b"text/event-stream"
    assert heads == [(b"200", json_), (b"200", events), (b"404", json_), (b"200", events)]
    assert said.count(b"data: [DONE]") == 2
    assert said.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_leaves_ends_the_call_at_the_upstream_and_is_logged(both, stream):
    short, _ = both
    id = f"{'c' * 31}{int(stream)}"
    short.upstream.fail("slow=1" if stream else "hang")
    before = short.upstream.counts["cancelled"]
    try:
        with socket.create_connection(("127.0.0.1", short.port), timeout=10) as connection:
            connection.sendall(request({**BODY, "stream": stream}, f"X-Request-Id: {id}"))
            if stream:
                connection.recv(100)
            else:
                time.sleep(0.2)
        row = short.home.row(id)
        assert row["status"] == 499
        eventually(lambda: _none_under_way(short))
        eventually(lambda: _more(short.upstream.counts["cancelled"], before))
    finally:
        short.upstream.fail("")


def test_a_stream_that_is_under_way_when_the_worker_ends_comes_to_its_end(both):
    short, _ = both
    with Gateway(short.home, "support", name="ending") as ending:
        short.upstream.fail("slow=0.1")
        try:
            with socket.create_connection(("127.0.0.1", ending.port), timeout=10) as connection:
                connection.sendall(request({**BODY, "stream": True}))
                data = connection.recv(100)
                ending.child.terminate()
                while more := connection.recv(65536):
                    data += more
        finally:
            short.upstream.fail("")
    assert data.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


def _more(now, before):
    assert now > before


def _none_under_way(gateway):
    said = gateway.http.get("/metrics", headers={"Authorization": f"Bearer {gateway.home.token}"}).text
    assert re.search(r'^loopwright_requests_in_flight{worker="short"} 0(\.0)?$', said, re.MULTILINE), said


class Line:
    """Stands for a connection on which another answer comes first."""

    def __init__(self):
        self.loop, self.tasks, self.sent, self.first = asyncio.get_running_loop(), set(), [], False
        self.ended = self.loop.create_future()

    def is_first(self, cycle):
        return self.first

    def stream(self, cycle, part):
        self.sent.append(part)

    def answered(self, cycle, message):
        self.ended.set_result(message)


def test_a_stream_behind_another_answer_is_held_until_its_end():
    class Events:
        async def send(self, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for body in (b"one", b"two"):
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    class Answers:
        async def answer(self, request, *, body):
            assert (request.path, body) == ("/v1/responses", b"{}")
            return Events()

    async def run():
        line = Line()
        GatewayHead(Way(gateway=Answers(), path="/v1/responses"), {}, 2).cycle(line, b"{}", more_body=False).begin()
        return await line.ended, line.sent

    out, sent = asyncio.run(run())
    assert sent == []
    assert out == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_what_fails_in_answering_closes_the_connection_and_is_logged(caplog):
    class Fails:
        async def answer(self, request, *, body):
            raise RuntimeError("broken")

    class Transport:
        closed = False

        def close(self):
            Transport.closed = True

    async def run():
        line = Line()
        line.transport = Transport()
        cycle = GatewayCycle(
            line, GatewayHead(Way(gateway=Fails(), path="/v1/responses"), {}, 2), b"{}", more_body=False
        )
        cycle.begin()
        await asyncio.gather(*line.tasks)

    asyncio.run(run())
    assert Transport.closed
    assert "/v1/responses failed" in caplog.text
