"""The pool over real sockets: keeps connections, breaks off at deadlines, tells a broken answer from a whole one."""

import asyncio
import ssl
import subprocess
import time
from contextlib import asynccontextmanager

import msgspec
import pytest

from loopwright.errors import UpstreamError, UsageError
from loopwright.llm.http.patience import HttpLimits, Patience
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.provider import HttpAsk
from loopwright.testing.upstream_server import LocalUpstream

QUICK = Patience(connect_s=0.5, first_s=0.3, between_s=0.3)


@pytest.fixture
def upstream():
    with LocalUpstream() as running:
        yield running


def chat(text: str = "one two three", *, fault: str = "", stream: bool = False) -> HttpAsk:
    body = {"model": "tiny", "messages": [{"role": "user", "content": text}], "stream": stream}
    headers = {"content-type": "application/json"} | ({"x-fault": fault} if fault else {})
    return HttpAsk(path="/chat/completions", body=msgspec.json.encode(body), headers=headers)


def run(journey):
    async def with_pool():
        async with HttpPool() as pool:
            return await journey(pool)

    return asyncio.run(with_pool())


def fetched(url: str, ask: HttpAsk, patience: Patience = QUICK):
    return run(lambda pool: pool.fetch(url, ask, patience=patience))


def cause(url: str, ask: HttpAsk, patience: Patience = QUICK) -> str:
    with pytest.raises(UpstreamError) as failure:
        fetched(url, ask, patience)
    return failure.value.context["cause"]


@asynccontextmanager
async def answering(*answers: bytes, then: str = "close", tls: ssl.SSLContext | None = None):
    """A server that sends the next of these to each request, whatever it says; `then` says what follows an answer."""
    given = list(answers)

    async def serve(reader, writer):
        try:
            while given:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(size)
                writer.write(given.pop(0))
                await writer.drain()
                if then == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"{'https' if tls else 'http'}://localhost:{server.sockets[0].getsockname()[1]}"


def raw(*answers: bytes, then: str = "close", limits: HttpLimits | None = None, times: int = 1):
    async def journey():
        async with answering(*answers, then=then) as url, HttpPool(limits=limits) as pool:
            for _ in range(times - 1):
                await pool.fetch(url, chat(), patience=QUICK)
            return await pool.fetch(url, chat(), patience=QUICK)

    return asyncio.run(journey())


def raw_cause(*answers: bytes, limits: HttpLimits | None = None) -> str:
    with pytest.raises(UpstreamError) as failure:
        raw(*answers, limits=limits)
    return failure.value.context["cause"]


def test_a_connection_is_kept_for_the_next_request(upstream):
    async def journey(pool):
        answers = [await pool.fetch(upstream.url, chat(f"call {n}"), patience=QUICK) for n in range(20)]
        return answers, pool.connections

    answers, connections = run(journey)
    texts = [msgspec.json.decode(one.body)["choices"][0]["message"]["content"] for one in answers]
    assert texts == [f"call {n}" for n in range(20)]
    assert upstream.counts["connections"] == 1
    assert list(connections.values()) == [1]


def test_requests_at_once_have_a_connection_each_up_to_the_limit_and_the_rest_wait(upstream):
    async def journey():
        async with HttpPool(limits=HttpLimits(connections=3)) as pool:
            ask = chat("x", fault="late=0.05")
            return await asyncio.gather(*(pool.fetch(upstream.url, ask, patience=QUICK) for _ in range(9)))

    assert [one.status for one in asyncio.run(journey())] == [200] * 9
    assert upstream.counts["connections"] == 3
    assert upstream.counts["most_under_way"] == 3


def test_waiting_for_a_free_connection_ends_with_the_time_to_connect(upstream):
    async def journey():
        async with HttpPool(limits=HttpLimits(connections=1)) as pool:
            first = asyncio.create_task(pool.fetch(upstream.url, chat(fault="late=0.3"), patience=Patience()))
            await asyncio.sleep(0.05)
            with pytest.raises(UpstreamError, match="cannot be reached"):
                await pool.fetch(upstream.url, chat(), patience=Patience(connect_s=0.05))
            await first
            return (await pool.fetch(upstream.url, chat(), patience=QUICK)).status

    assert asyncio.run(journey()) == 200


def test_one_who_stops_waiting_for_a_connection_costs_the_others_none(upstream):
    async def journey():
        async with HttpPool(limits=HttpLimits(connections=1)) as pool:
            asks = [
                asyncio.create_task(pool.fetch(upstream.url, chat(fault="late=0.1"), patience=Patience()))
                for _ in range(4)
            ]
            await asyncio.sleep(0.02)
            asks[1].cancel()
            done = await asyncio.gather(*asks, return_exceptions=True)
            return [getattr(one, "status", type(one)) for one in done]

    assert asyncio.run(journey()) == [200, asyncio.CancelledError, 200, 200]


def test_a_stream_comes_part_by_part_and_leaves_the_connection_free(upstream):
    async def journey(pool):
        stream = await pool.open(upstream.url, chat("a b c d", stream=True, fault="slow=0.02"), patience=QUICK)
        parts = [part async for part in stream]
        again = await pool.fetch(upstream.url, chat(), patience=QUICK)
        return stream.header("content-type"), parts, again.status

    kind, parts, status = run(journey)
    assert kind == "text/event-stream"
    assert len(parts) >= 5
    assert b"".join(parts).endswith(b"data: [DONE]\n\n")
    assert (status, upstream.counts["connections"]) == (200, 1)


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_who_goes_away_in_mid_stream_lets_the_upstream_know_at_once(upstream, how):
    async def journey(pool):
        stream = await pool.open(upstream.url, chat("a " * 200, stream=True, fault="slow=0.02"), patience=QUICK)
        await stream.more()
        if how == "close":
            stream.close()
        else:
            task = asyncio.create_task(stream.read(1 << 20))
            await asyncio.sleep(0.05)
            task.cancel()
        for _ in range(50):
            if upstream.counts["cancelled"]:
                return pool.connections
            await asyncio.sleep(0.01)
        return None

    assert run(journey) == {}


def test_a_caller_who_is_cancelled_while_waiting_for_a_whole_answer_closes_the_connection(upstream):
    async def journey(pool):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await pool.fetch(upstream.url, chat(fault="hang"), patience=Patience())
        await asyncio.sleep(0.05)
        return pool.connections

    assert run(journey) == {}
    assert upstream.counts["cancelled"] == 1


@pytest.mark.parametrize(
    ("fault", "stream", "why"),
    [
        ("hang", False, "timeout"),
        ("hang_after_head", False, "timeout"),
        ("hang_midway", False, "timeout"),
        ("truncated", False, "closed"),
        ("truncated", True, "closed"),
        ("wrong_length", False, "closed"),
        ("reset", False, "closed"),
        ("close", False, "closed"),
        ("bad_head", False, "malformed"),
        ("long_head", False, "too_large"),
    ],
)
def test_a_broken_answer_is_told_from_a_whole_one(upstream, fault, stream, why):
    started = time.monotonic()
    assert cause(upstream.url, chat(fault=fault, stream=stream)) == why
    assert time.monotonic() - started < 1.0


def test_a_stream_that_hangs_or_is_cut_gives_what_came_and_then_fails(upstream):
    async def journey(pool, fault):
        stream = await pool.open(upstream.url, chat("a b c d e f", stream=True, fault=fault), patience=QUICK)
        came = b""
        try:
            while part := await stream.more():
                came += part
        except UpstreamError as failure:
            return came, failure.context["cause"]
        return came, ""

    for fault, why in (("hang_midway", "timeout"), ("truncated", "closed")):
        came, told = run(lambda pool, fault=fault: journey(pool, fault))
        assert (b'"content":"a"' in came, told) == (True, why)


def test_a_byte_at_a_time_is_the_same_answer(upstream):
    whole = fetched(upstream.url, chat())
    slow = fetched(upstream.url, chat(fault="byte_by_byte"))
    assert slow.body == whole.body


def test_slow_answers_live_as_long_as_something_comes_but_not_longer_than_the_whole_time(upstream):
    ask = chat("a b c d e f g h", stream=True, fault="slow=0.05")
    brief = Patience(first_s=0.2, between_s=0.2)
    started = time.monotonic()
    assert fetched(upstream.url, ask, brief).status == 200
    assert time.monotonic() - started > 0.3

    async def journey(pool):
        until = asyncio.get_running_loop().time() + 0.15
        return await pool.fetch(upstream.url, ask, patience=Patience(between_s=0.2, until=until))

    with pytest.raises(UpstreamError, match="in time") as failure:
        run(journey)
    assert "whole call" in failure.value.why


def test_bytes_after_an_answer_never_become_the_next_one(upstream):
    async def journey(pool):
        first = await pool.fetch(upstream.url, chat("first", fault="long_body"), patience=QUICK)
        second = await pool.fetch(upstream.url, chat("second"), patience=QUICK)
        return first.body, second.body

    first, second = run(journey)
    assert b"first" in first
    assert b"more" not in first
    assert b"second" in second
    assert upstream.counts["connections"] == 2


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_a_kept_connection_that_was_closed_meanwhile_is_tried_again_on_a_fresh_one():
    async def closing():
        asked = 0

        async def serve(reader, writer):
            nonlocal asked
            for number in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
                asked += 1
                if number == 1:
                    writer.close()
                    return
                writer.write(OK)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, HttpPool() as pool:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            bodies = [(await pool.fetch(url, chat(), patience=QUICK)).body for _ in range(3)]
            await pool.aclose()
            return bodies, asked

    assert asyncio.run(closing()) == ([b"ok"] * 3, 5)


def test_a_fresh_connection_that_is_closed_at_once_is_not_tried_again(upstream):
    assert cause(upstream.url, chat(fault="close")) == "closed"
    assert upstream.counts["calls"] == 1


def test_bodies_end_as_http_has_it():
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert raw(chunked).body == b"abcde"
    assert raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nto the end").body == b"to the end"
    assert raw(b"HTTP/1.0 200 OK\r\n\r\nold").body == b"old"
    assert raw(b"HTTP/1.1 204 No Content\r\n\r\n", OK, then="keep", times=2).body == b"ok"
    assert raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + OK).body == b"ok"
    assert raw_cause(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n") == "closed"
    assert raw_cause(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n") == "malformed"
    assert raw_cause(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok") == "closed"
    assert raw_cause(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n") == "malformed"
    assert raw_cause(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 7\r\n\r\nok") == "malformed"


def test_a_connection_that_the_server_will_close_is_not_used_again():
    last = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

    async def journey():
        async with answering(last, OK, then="keep") as url, HttpPool() as pool:
            await pool.fetch(url, chat(), patience=QUICK)
            await asyncio.sleep(0)
            return pool.connections

    assert asyncio.run(journey()) == {}


def test_heads_and_bodies_have_limits():
    limits = HttpLimits(head_bytes=200, body_bytes=100)
    assert raw(OK, limits=limits).status == 200
    assert raw_cause(b"HTTP/1.1 200 OK\r\nx: %s\r\n\r\n" % (b"x" * 300), limits=limits) == "too_large"
    assert raw_cause(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n%s" % (b"x" * 500), limits=limits) == "too_large"
    trailers = b"0\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(100)) + b"\r\n"
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + trailers
    assert raw_cause(chunked, limits=limits) == "too_large"


def test_a_reader_who_is_slow_keeps_the_server_waiting_and_loses_nothing():
    size = 4 * 1024 * 1024
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (size, b"x" * size)

    async def journey():
        limits = HttpLimits(buffer_bytes=64 * 1024)
        async with answering(answer) as url, HttpPool(limits=limits) as pool:
            stream = await pool.open(url, chat(), patience=Patience(between_s=0.1))
            await asyncio.sleep(0.3)
            held = stream._exchange.size
            return held, len(await stream.read(size))

    held, read = asyncio.run(journey())
    assert held < 1024 * 1024
    assert read == size


def test_a_megabyte_can_be_asked(upstream):
    text = "word " * 200_000
    answer = fetched(upstream.url, chat(text), Patience())
    assert msgspec.json.decode(answer.body)["choices"][0]["message"]["content"] == text


def test_idle_connections_are_closed():
    async def journey():
        async with answering(OK, OK, then="keep") as url, HttpPool(limits=HttpLimits(idle_s=0.1)) as pool:
            await pool.fetch(url, chat(), patience=QUICK)
            before = list(pool.connections.values())
            await asyncio.sleep(0.3)
            return before, pool.connections

    assert asyncio.run(journey()) == ([1], {})


def test_nobody_there_is_said_with_the_server_named():
    with pytest.raises(UpstreamError) as failure:
        fetched("http://127.0.0.1:1/v1", chat())
    assert failure.value.context["cause"] == "connect"
    assert "http://127.0.0.1:1" in failure.value.what


def test_a_redirect_is_an_answer_and_not_followed():
    assert raw(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").status == 302


def test_the_environment_names_no_proxy(upstream, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetched(upstream.url, chat()).status == 200


def test_certificates_are_checked(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)

    async def journey(trusted):
        tls = ssl.create_default_context(cafile=certificate) if trusted else None
        async with answering(OK, tls=server) as url, HttpPool(tls=tls) as pool:
            return (await pool.fetch(url, chat(), patience=Patience())).body

    assert asyncio.run(journey(trusted=True)) == b"ok"
    with pytest.raises(UpstreamError, match="cannot be reached") as failure:
        asyncio.run(journey(trusted=False))
    assert "certificate" in failure.value.why.lower()


def test_a_key_that_would_end_its_line_is_never_sent(upstream):
    ask = HttpAsk(path="/chat/completions", body=b"{}", headers={"authorization": "Bearer secret\r\nx-evil: 1"})
    with pytest.raises(UsageError) as failure:
        fetched(upstream.url, ask)
    assert "secret" not in str(failure.value.as_dict())
    assert upstream.counts["calls"] == 0


def test_a_closed_pool_says_so(upstream):
    async def journey():
        pool = HttpPool()
        await pool.fetch(upstream.url, chat(), patience=QUICK)
        await pool.aclose()
        await pool.fetch(upstream.url, chat(), patience=QUICK)

    with pytest.raises(UpstreamError, match="are closed"):
        asyncio.run(journey())
