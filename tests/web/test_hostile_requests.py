"""Rubbish, traps and abuse on the wire: each gets one clear answer or a closed connection, and nobody else is hurt."""

import json
import socket
import time
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
BODY = json.dumps(EXAMPLE).encode()
TENSORS = {
    "inputs": [
        {"name": name, "shape": [1], "datatype": kind, "data": [value]}
        for name, kind, value in (
            ("flight_id", "BYTES", "a"), ("carrier", "BYTES", "AA"), ("distance", "INT64", 5), ("wind", "FP64", 1.5)
        )
    ]
}  # fmt: skip
GOOD = {
    "/predict/flights": EXAMPLE,
    "/v2/models/flights/infer": TENSORS,
    "/invocations": {"dataframe_split": {"columns": list(EXAMPLE), "data": [list(EXAMPLE.values())]}},
}
ANY = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture(scope="module")
def served(home, worker):
    home.arms(home.bundle())
    with worker(home, LOOPWRIGHT_MAX_REQUEST_BYTES="1000000") as process:
        process.ready()
        yield process


@pytest.fixture(autouse=True)
def unhurt(served):
    """After each test the same process answers as before."""
    yield
    assert served.child.poll() is None
    assert served.predict().status_code == 200


def connect(served):
    url = served.client.base_url
    return socket.create_connection((url.host, url.port), timeout=20)


def request(path="/predict/flights", body=BODY, method="POST", **headers):
    named = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def answers(raw, many):
    """The answers that come on a connection: (status, body) of each; fewer where it is closed before."""
    got, buffer = [], b""
    while len(got) < many:
        head, mark, rest = buffer.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        if mark and len(rest) >= length:
            got.append((int(head.split(b" ")[1]), rest[:length]))
            buffer = rest[length:]
            continue
        try:
            more = raw.recv(65536)
        except ConnectionError:
            break
        if not more:
            break
        buffer += more
    return got


def statuses(raw, many):
    return [status for status, _ in answers(raw, many)]


def test_pipelined_requests_are_answered_in_their_order(served):
    distances = [100 * n for n in range(1, 31)]
    bodies = [json.dumps(EXAMPLE | {"distance": d, "flight_id": f"p{d}"}).encode() for d in distances]
    with connect(served) as raw:
        raw.sendall(b"".join(request(body=body) for body in bodies))
        got = answers(raw, len(bodies))
    expected = [served.predict(distance=d).json()["score"] for d in distances]
    assert [json.loads(body)["score"] for _, body in got] == expected


def test_pipelined_requests_of_all_kinds_keep_their_order(served):
    wire = (
        request() + request(body=b"{") + request(path="/predict/trains") + request("/health/live", b"", "GET")
        + request("/v2/models/flights/infer", json.dumps(TENSORS).encode()) + request(path="/predict/flights?a=b")
        + request()
    )  # fmt: skip
    with connect(served) as raw:
        raw.sendall(wire)
        assert statuses(raw, 7) == [200, 422, 404, 200, 200, 200, 200]


def test_requests_that_come_byte_by_byte_are_answered(served):
    with connect(served) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request() + request("/invocations", json.dumps(GOOD["/invocations"]).encode()):
            raw.sendall(bytes([byte]))
        assert statuses(raw, 2) == [200, 200]


@pytest.mark.parametrize(
    "wire",
    [
        b"\x16\x03\x01\x02\x00" * 50,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /predict/flights HTTP/1.1\r\n\r\n",
        b"\r\n" * 1000,
        b"\0" * 10_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        b"POST http://evil.example/predict/flights HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 0\r\n\r\n",
        request(content_length="-1"),
        request(content_length="1e3"),
        request(content_length="99999999999999999999"),
        request(content_length=None, transfer_encoding="chunked") + b"zz\r\nxx\r\n",
        request(content_length=None, transfer_encoding="chunked", body=b"") + b"ffffffffffffffffff\r\n",
        request(transfer_encoding="chunked"),
        request(content_length=None, body=b"").replace(
            b"\r\n\r\n", b"\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n"
        )
        + b"{}    ",
        request(x="a\0b"),
        request(x="\r\n folded"),
        b"POST /predict/\xff\xfe HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /predict/flights HTTP/1.1\r\nhost : 127.0.0.1\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000,
        b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000,
    ],
)
def test_what_is_no_http_gets_no_prediction_and_no_failure(served, wire):
    with connect(served) as raw:
        try:
            raw.sendall(wire)
            raw.shutdown(socket.SHUT_WR)
        except ConnectionError:
            return
        for status, body in answers(raw, 3):
            assert 400 <= status < 500
            assert b"score" not in body


def test_a_smuggled_request_is_not_answered(served):
    inner = request(path="/metrics", body=b"", method="GET")
    wire = request(body=b"0\r\n\r\n" + inner, transfer_encoding="chunked")
    with connect(served) as raw:
        raw.sendall(wire)
        raw.shutdown(socket.SHUT_WR)
        assert all(status >= 400 for status in statuses(raw, 2))


def test_a_huge_body_is_refused_before_it_is_read(served):
    started = time.monotonic()
    with connect(served) as raw:
        raw.sendall(request(body=b"", content_length=str(100_000_000)))
        assert statuses(raw, 1) == [413]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("path", GOOD)
def test_a_huge_body_that_comes_all_the_same_is_not_kept(served, path):
    import psutil

    before = psutil.Process(served.child.pid).memory_info().rss
    with connect(served) as raw:
        try:
            raw.sendall(request(path, body=b"", content_length=None, transfer_encoding="chunked"))
            for _ in range(1600):
                raw.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        except ConnectionError:
            pass
        assert statuses(raw, 1) in ([413], [])
    assert psutil.Process(served.child.pid).memory_info().rss - before < 60e6


@pytest.mark.parametrize("path", GOOD)
def test_callers_who_stop_halfway_hold_up_nobody(served, path):
    body = json.dumps(GOOD[path]).encode()
    stuck = [connect(served) for _ in range(40)]
    for number, raw in enumerate(stuck):
        raw.sendall(request(path, body)[: 40 + 5 * number])
    assert all(served.predict().status_code == 200 for _ in range(20))
    for raw in stuck:
        raw.close()


def test_callers_who_go_away_before_their_answer_hurt_nobody(served):
    for _ in range(50):
        with connect(served) as raw:
            raw.sendall(request() * 3)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def fine(answer):
    """One clear answer that is not our failure."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert {"what", "error", "message"} & set(answer.json())
    return True


@pytest.mark.parametrize("path", GOOD)
@ANY
@given(body=st.binary(max_size=300))
def test_any_bytes_get_a_clear_answer(served, path, body):
    fine(served.client.post(path, content=body, headers={"content-type": "application/json"}))


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just(10**400), st.just(-1),
    st.just("\ud800"), st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
    st.integers(1, 3000).map(lambda depth: json.loads("[" * min(depth, 900) + "]" * min(depth, 900))),
)  # fmt: skip


def changed(value, draw):
    """A copy of a JSON value with one part of it replaced."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return value | {name: changed(value[name], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], changed(value[place], draw), *value[place + 1 :]]
    return draw(ODD)


@pytest.mark.parametrize("path", GOOD)
@ANY
@given(data=st.data())
def test_a_good_request_with_one_part_replaced_gets_a_clear_answer(served, path, data):
    body = json.dumps(changed(GOOD[path], data.draw)).encode()
    fine(served.client.post(path, content=body, headers={"content-type": "application/json"}))


@ANY
@given(body=st.binary(max_size=200), declared=st.integers(-5, 400), head=st.sampled_from([TENSORS, {"inputs": []}]))
def test_any_bytes_after_the_json_of_tensors_get_a_clear_answer(served, body, declared, head):
    said = json.dumps(head).encode()
    answer = served.client.post(
        "/v2/models/flights/infer", content=said + body,
        headers={"inference-header-content-length": str(len(said) + min(declared, 0))},
    )  # fmt: skip
    fine(answer)


@ANY
@given(text=st.text(max_size=200), content_type=st.sampled_from(["text/csv", "text/csv; charset=utf-8", "text/csv;;="]))
def test_any_text_as_csv_gets_a_clear_answer(served, text, content_type):
    content = text.encode("utf-8", "surrogatepass")
    fine(served.client.post("/invocations", content=content, headers={"content-type": content_type}))


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"a":' * 150_000,
        b'{"inputs":' + b"[" * 400_000,
        b"[" + b"{}," * 300_000 + b"{}]",
        b'{"records":[' + b"0," * 400_000 + b"0]}",
        b'{"dataframe_records":[' + b"{}," * 300_000 + b"{}]}",
        b'{"instances":[' + b"0," * 400_000 + b"0]}",
        b'{"distance": ' + b"9" * 900_000 + b"}",
        b'{"inputs": {"distance": [' + b"1," * 400_000 + b"1]}}",
        json.dumps({"inputs": [{"name": "a", "shape": [400_001], "datatype": "INT8", "data": [1] * 300_000}]}).encode(),
        json.dumps(
            {"inputs": [{"name": f"n{n}", "shape": [1], "datatype": "INT8", "data": [1]} for n in range(9999)]}
        ).encode(),
        json.dumps({f"name{n}": n for n in range(40_000)}).encode(),
        b'"' + b"\\ud800" * 100_000 + b'"',
    ],
    ids=lambda body: body[:12].decode(),
)
def test_what_is_large_and_wrong_is_refused_soon(served, path, body):
    started = time.monotonic()
    answer = served.client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 413, 422), answer.text[:300]
    assert len(answer.content) < 20_000
    assert time.monotonic() - started < 5


@pytest.fixture(scope="module")
def bomb():
    """Half a gigabyte of blanks, in little."""
    made = zlib.compressobj(wbits=31)
    return b"".join(made.compress(b" " * 10_000_000) for _ in range(50)) + made.flush()


@pytest.mark.parametrize("path", GOOD)
def test_a_bomb_is_not_unpacked(served, bomb, path):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    started = time.monotonic()
    assert served.client.post(path, content=bomb, headers=headers).status_code == 413
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "", ";",
     "application/json-patch+json", "a" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("path", GOOD)
def test_any_other_type_of_body_is_refused(served, path, content_type):
    answer = served.client.post(path, content=json.dumps(GOOD[path]), headers={"content-type": content_type})
    assert answer.status_code == 415
