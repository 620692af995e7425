"""The short way of predictions answers as the usual way does, byte for byte, and keeps the connection in order."""

import json
import re
import socket
import time

import msgspec
import pytest

from loopwright.core.access import KEYRING_ID, KEYRING_KIND, KIND, ApiKey, Rate
from loopwright.core.hashing import digest_bytes
from loopwright.store.ledger import Record

GOOD = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
ID = re.compile(rb"req_[0-9a-f]{32}")


@pytest.fixture(scope="module")
def champion(home):
    return home.bundle()


@pytest.fixture(scope="module")
def both(home, worker, champion):
    """A worker with the short way, and one without."""
    home.arms(champion)
    with (
        worker(home, "--name", "short", LOOPWRIGHT_HEADER_TIMEOUT_S="1.5") as short,
        worker(home, "--name", "usual", LOOPWRIGHT_HOT_PATH="false") as usual,
    ):
        short.ready()
        usual.ready()
        yield short, usual


def connected(process):
    url = process.client.base_url
    return socket.create_connection((url.host, url.port), timeout=10)


def request(body, *headers, path="/predict/flights", method="POST"):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def answers(connection, count):
    """The next answers of a connection: heads and bodies as they came."""
    made, data = [], b""
    while len(made) < count:
        head, end, rest = data.partition(b"\r\n\r\n")
        if end:
            length = int(re.search(rb"content-length: (\d+)", head)[1])
            if len(rest) >= length:
                made.append((head, rest[:length]))
                data = rest[length:]
                continue
        more = connection.recv(65536)
        if not more:
            break
        data += more
    assert not data
    return made


def ask(process, *messages):
    with connected(process) as connection:
        for message in messages:
            connection.sendall(message)
        return answers(connection, len(messages))


def comparable(answer):
    return tuple(ID.sub(b"req_*", part) for part in answer)


FIXED = "X-Request-Id: 0123456789abcdef0123456789abcd"
CORPUS = {
    "good": request(GOOD),
    "a null": request(GOOD | {"wind": None}),
    "left out": request({key: GOOD[key] for key in ("flight_id", "carrier", "distance")}),
    "an unseen level": request(GOOD | {"carrier": "ZZ"}),
    "a whole float": request(GOOD | {"distance": 500.0}),
    "out of range": request(GOOD | {"distance": -1}),
    "several breaches": request({"distance": "far", "more": 1}),
    "a wrong type": request(GOOD | {"wind": "strong"}),
    "unicode": request(GOOD | {"flight_id": "é✈"}),
    "several": request({"records": [GOOD, GOOD | {"carrier": "UA"}]}),
    "a list": request([GOOD, GOOD]),
    "several and one is bad": request({"records": [GOOD, GOOD | {"distance": -1}]}),
    "several and none": request({"records": []}),
    "far too many": request({"records": [{}] * 10_001}),
    "a number": request(b"1"),
    "not JSON": request(b'{"flight_id": '),
    "NaN": request(b'{"flight_id":"a","carrier":"AA","distance":5,"wind":NaN}'),
    "1e400": request(b'{"flight_id":"a","carrier":"AA","distance":5,"wind":1e400}'),
    "not UTF-8": request(b'{"flight_id":"\xff","carrier":"AA","distance":5}'),
    "deep": request(b"[" * 50_000),
    "twice": request(b'{"flight_id":"a","carrier":"AA","distance":5,"distance":7}'),
    "no body": request(b""),
    "own id": request(GOOD, FIXED + "ef"),
    "an id that is none": request(GOOD, "X-Request-Id: me"),
    "another host": request(GOOD).replace(b"127.0.0.1", b"evil.example"),
    "two hosts": request(GOOD, "Host: localhost"),
    "another origin": request(GOOD, "Origin: http://evil.example"),
    "our origin": request(GOOD, "Origin: http://127.0.0.1"),
    "a form": request(GOOD).replace(b"application/json", b"text/plain"),
    "charset": request(GOOD).replace(b"application/json", b"Application/JSON; charset=utf-8"),
    "undeclared": request(GOOD).replace(b"Content-Type: application/json\r\n", b""),
    "keep-alive": request(GOOD, "Connection: keep-alive"),
    "a wrong key": request(GOOD, "Authorization: Bearer wrong"),
    "a query": request(GOOD, path="/predict/flights?explain=false"),
    "an odd query": request(GOOD, path="/predict/flights?explain=perhaps"),
    "no endpoint": request(GOOD, path="/predict/trains"),
    "escaped": request(GOOD, path="/predict/flight%73"),
    "a clock": request(GOOD, "Loopwright-Clock: 5"),
    "events": request(GOOD, "Accept: text/event-stream"),
    "compressed": request(GOOD, "Content-Encoding: gzip"),
    "another method": request(GOOD, method="PUT"),
    "too large": request(GOOD).replace(b"Content-Length: ", b"Content-Length: 9"),
}
STREAMED = {"events"}
CLOSING = {"too large"}


@pytest.mark.parametrize("name", sorted(CORPUS.keys() - STREAMED - CLOSING))
def test_both_ways_answer_the_same(both, name):
    """Twice, so that a head is new first and known then."""
    short, usual = both
    message = CORPUS[name]
    first = [comparable(answer) for answer in ask(short, message, message)]
    assert first == [comparable(answer) for answer in ask(usual, message, message)]
    assert len(first) == 2


def test_both_ways_log_the_same(both, home):
    short, usual = both
    for process, id in ((short, "a" * 32), (usual, "b" * 32)):
        ask(process, request(GOOD | {"wind": None}, f"X-Request-Id: {id}"))
        ask(process, request(GOOD | {"distance": -1}, f"X-Request-Id: {id[:-1]}0"))
    rows = {row["request_id"]: row for row in home.requests()}
    for suffix in ("", "0"):
        one, other = (rows[(letter * 32)[: 32 - len(suffix)] + suffix] for letter in "ab")
        volatile = ("request_id", "at", "event_time", "latency_us")
        assert {k: v for k, v in one.items() if k not in volatile} == {
            k: v for k, v in other.items() if k not in volatile
        }


@pytest.fixture(scope="module")
def limited(both, home):
    """A key for three requests an hour for each of the two workers."""
    made = {}
    for process in both:
        secret = f"lwk_{process.name:s<43}"
        key = ApiKey(
            digest=digest_bytes(secret.encode()), name=process.name, scopes=("predict",), rate=Rate.parse("3/h")
        )
        records = [
            Record(kind=KIND, id=f"key_{process.name}", data=msgspec.to_builtins(key), at=0),
            Record(kind=KEYRING_KIND, id=KEYRING_ID, data={"revision": process.name}),
        ]
        home.stores.ledger.commit(records=records)
        made[process.name] = f"Authorization: Bearer {secret}"
    return made


def test_a_key_s_rate_is_counted_on_every_request_and_told(both, limited):
    time.sleep(1.0)
    heads = {}
    for process in both:
        with connected(process) as connection:
            found = []
            for _ in range(5):
                connection.sendall(request(GOOD, limited[process.name]))
                found += answers(connection, 1)
        heads[process.name] = [
            (head.split()[1], [line for line in head.split(b"\r\n") if line.startswith(b"ratelimit")])
            for head, _ in found
        ]
    assert [status for status, _ in heads["short"]] == [b"200"] * 3 + [b"429"] * 2
    assert heads["short"][0][1] == [b"ratelimit-limit: 3", b"ratelimit-remaining: 2"]
    assert heads["short"] == heads["usual"]


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(both):
    for process in both:
        with connected(process) as connection:
            connection.sendall(request(b"x").replace(b"Content-Length: 1", b"Content-Length: 99999999"))
            (answer,) = answers(connection, 1)
            assert answer[0].startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("count", [2, 100])
def test_requests_in_one_packet_are_answered_in_their_order(both, count):
    """Good ones, refused ones, and ones that go the usual way, mixed."""
    kinds = ["good", "out of range", "a query", "good", "keep-alive", "no endpoint", "several"]
    names = [kinds[index % len(kinds)] for index in range(count)]
    found = []
    for process in both:
        with connected(process) as connection:
            connection.sendall(b"".join(CORPUS[name] for name in names))
            found.append([comparable(answer) for answer in answers(connection, count)])
    assert len(found[0]) == count
    assert found[0] == found[1]


def test_each_of_many_requests_in_one_packet_gets_its_own_answer(both):
    ids = [f"{number:032x}" for number in range(200)]
    with connected(both[0]) as connection:
        connection.sendall(b"".join(request(GOOD, f"X-Request-Id: {id}") for id in ids))
        assert [json.loads(body)["request_id"] for _, body in answers(connection, len(ids))] == ids


@pytest.mark.parametrize("size", [1, 7, 150])
def test_a_request_may_come_in_pieces(both, size):
    message = CORPUS["good"] + CORPUS["out of range"] + CORPUS["good"]
    with connected(both[0]) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(message), size):
            connection.sendall(message[at : at + size])
            if not at % (size * 40):
                time.sleep(0.002)
        statuses = [head.split()[1] for head, _ in answers(connection, 3)]
    assert statuses == [b"200", b"422", b"200"]


def test_a_head_and_its_body_may_come_apart(both):
    head, end, body = CORPUS["good"].partition(b"\r\n\r\n")
    with connected(both[0]) as connection:
        for _ in range(3):
            connection.sendall(head + end)
            time.sleep(0.05)
            connection.sendall(body)
            ((answer, _),) = answers(connection, 1)
            assert answer.startswith(b"HTTP/1.1 200")


def test_rubbish_after_a_request_is_a_bad_request(both):
    for process in both:
        with connected(process) as connection:
            connection.sendall(CORPUS["good"] + b"rubbish\r\n\r\n")
            data = b""
            while more := connection.recv(65536):
                data += more
        assert data.endswith(b"Invalid HTTP request received.")


def test_a_caller_who_asks_to_close_is_closed(both):
    for process in both:
        with connected(process) as connection:
            connection.sendall(request(GOOD, "Connection: close"))
            ((head, _),) = answers(connection, 1)
            assert b"connection: close" in head
            assert connection.recv(1) == b""


def test_a_caller_who_goes_away_harms_nobody(both):
    for _ in range(20):
        connection = connected(both[0])
        connection.sendall(CORPUS["good"] * 50)
        connection.close()
    end = time.monotonic() + 30
    while (head := ask(both[0], CORPUS["good"])[0][0]).startswith(b"HTTP/1.1 503") and time.monotonic() < end:
        time.sleep(0.1)  # a thousand requests are still being answered to nobody, and more than that are refused
    assert head.startswith(b"HTTP/1.1 200")
    metrics_free = both[0].client.get("/health/live")
    assert metrics_free.status_code == 200


@pytest.mark.parametrize("part", [CORPUS["good"][:40], CORPUS["good"][:-5]])
def test_a_caller_who_sends_too_slowly_is_let_go(both, part):
    with connected(both[0]) as connection:
        connection.sendall(part)
        data = b""
        while more := connection.recv(65536):
            data += more
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert len(body) == int(re.search(rb"content-length: (\d+)", head)[1])
    assert json.loads(body)["code"] == "LW503"


def test_a_caller_who_does_not_read_does_not_fill_the_servers_memory(both, home):
    before = rss(both[0].child.pid)
    with connected(both[0]) as connection:
        connection.setblocking(False)
        sent, end = 0, time.monotonic() + 3
        while time.monotonic() < end:
            try:
                sent += connection.send(CORPUS["good"] * 200)
            except BlockingIOError:
                time.sleep(0.01)
        assert both[0].client.get("/health/live").status_code == 200
        assert rss(both[0].child.pid) - before < 40_000_000


def rss(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_the_end_of_a_worker_answers_what_is_under_way(home, worker, champion):
    home.arms(champion)
    with worker(home, "--name", "ending") as process:
        process.ready()
        with connected(process) as connection:
            connection.sendall(CORPUS["good"][:-3])
            time.sleep(0.1)
            process.child.terminate()
            time.sleep(0.3)
            connection.sendall(CORPUS["good"][-3:])
            ((head, _),) = answers(connection, 1)
            assert head.startswith(b"HTTP/1.1 200")
            assert b"connection: close" in head
