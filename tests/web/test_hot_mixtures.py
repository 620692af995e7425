"""Predictions and other requests in one packet, in any mixture: each answered once, in order, and nothing left over."""

import json
import socket
import struct

import pytest

RECORD = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
GOOD = json.dumps(RECORD).encode()


@pytest.fixture(scope="module")
def served(home, worker):
    home.arms(home.bundle())
    with worker(home, "--name", "mixtures") as process:
        process.ready()
        yield process


def predict(body=GOOD, *headers, query=b""):
    lines = [
        b"POST /predict/flights%b HTTP/1.1" % query,
        b"host: 127.0.0.1",
        b"content-type: application/json",
        *headers,
    ]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


def get(path=b"/health/live"):
    return b"GET %b HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" % path


def exchange(served, wire, count, seconds=20.0):
    """Send bytes at once; the statuses and bodies of the answers until there are `count`, or the connection ends."""
    answers, held = [], b""
    address = (served.client.base_url.host, served.client.base_url.port)
    with socket.create_connection(address, timeout=seconds) as caller:
        caller.sendall(wire)
        while len(answers) < count:
            more = caller.recv(1 << 16)
            if not more:
                break
            held += more
            while (end := held.find(b"\r\n\r\n") + 4) > 3:
                head = held[:end].lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
                if len(held) < end + length:
                    break
                answers.append((int(head[9:12]), held[end : end + length]))
                held = held[end + length :]
    return answers


def in_flight(served):
    token = {"authorization": f"Bearer {served.home.token}"}
    page = served.client.get("/metrics", headers=token).text
    return sum(
        float(line.split()[-1]) for line in page.splitlines() if line.startswith("loopwright_requests_in_flight")
    )


@pytest.mark.parametrize("body", [b"{", GOOD], ids=["refused", "answered"])
def test_many_predictions_behind_another_request_are_all_answered(served, body):
    exchange(served, predict(body) * 2, 2)
    count = 600
    wanted = 200 if body == GOOD else 422
    answers = exchange(served, get() + predict(body) * count, count + 1)
    assert [status for status, _ in answers] == [200] + [wanted] * count
    assert in_flight(served) == 0


def test_predictions_and_others_by_turns_keep_their_order(served):
    wire = (predict() + get() + predict(b"{") + get(b"/predict/trains")) * 100
    assert [status for status, _ in exchange(served, wire, 400)] == [200, 200, 422, 404] * 100
    assert in_flight(served) == 0


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade"])
def test_a_wish_for_another_protocol_is_ignored_and_the_body_is_read(served, name):
    """As Java's client sends it with the first request of every connection."""
    wish = predict(GOOD, b"Connection: Upgrade, HTTP2-Settings", name + b": h2c", b"HTTP2-Settings: AAEAAEAAAAIAAAAB")
    assert [status for status, _ in exchange(served, wish + predict(), 2, 5.0)] == [200, 200]


def test_callers_who_leave_before_their_pipelined_answers_are_no_failures(home, worker, capfd):
    with worker(home, "--name", "leavers") as process:
        process.ready()
        address = (process.client.base_url.host, process.client.base_url.port)
        slow = predict(json.dumps([RECORD] * 300).encode(), query=b"?explain=true")
        capfd.readouterr()
        for _ in range(30):
            with socket.create_connection(address, timeout=5) as caller:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.sendall(slow * 4 + get())
                caller.recv(10)
        assert process.predict().status_code == 200
        assert in_flight(process) == 0
    assert "Traceback" not in capfd.readouterr().err
