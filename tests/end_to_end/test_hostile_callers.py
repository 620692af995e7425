"""Callers who ask too much, send too slowly, too much at once, or never read: the others are answered meanwhile."""

import resource
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from benchmarks import overload
from tests.end_to_end.load import EXAMPLE, Load
from tests.end_to_end.served import Served
from tests.web.conftest import Home, eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = Home(tmp_path_factory.mktemp("project") / ".loopwright")
    home.arms(home.bundle())
    with Served(home, header_timeout_s=1.0, max_connections=200) as made:
        yield made
    home.stores.close()


def ask(served: Served) -> int:
    return httpx.post(f"http://127.0.0.1:{served.port}/predict/flights", json=EXAMPLE, timeout=10.0).status_code


def closed_within(connection: socket.socket, seconds: float) -> bytes:
    """What the server said until it closed the connection."""
    connection.settimeout(seconds)
    said = b""
    while part := connection.recv(65536):
        said += part
    return said


def test_a_head_and_a_body_that_come_byte_by_byte_are_given_up_and_others_are_answered(served: Served) -> None:
    heads = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(50)]
    bodies = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(50)]
    for connection in bodies:
        connection.sendall(
            b"POST /predict/flights HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: 60\r\n\r\n"
        )
    over = threading.Event()

    def drip() -> None:
        text = b"POST /predict/flights HTTP/1.1\r\nx-slow: " + b"a" * 500
        for byte in text:
            for connection in (*heads, *bodies):
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    continue
            if over.wait(0.2):
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        with Load(served.port, connections=4) as load:
            for connection in (*heads, *bodies):
                try:
                    said = closed_within(connection, 15.0)
                    assert said == b"" or b" 408 " in said
                except ConnectionError:
                    pass
    finally:
        over.set()
        thread.join()
    assert load.lost == []
    assert set(load.statuses) == {200}
    assert load.longest_gap_s() < 2.0


def test_a_body_of_100_mb_is_refused_before_it_is_read(served: Served) -> None:
    before = served.rss_mb("worker-1")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(
                b"POST /predict/flights HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                b"content-length: 104857600\r\n\r\n"
            )
            connection.settimeout(5.0)
            assert b" 413 " in connection.recv(4096)
            sent = 0
            try:
                while sent < 104_857_600:
                    sent += connection.send(b"x" * 65536)
            except OSError:
                pass
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(
            b"POST /predict/flights HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        try:
            for _ in range(1600):
                connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            pass
    assert ask(served) == 200
    assert served.rss_mb("worker-1") - before < 40.0


def test_connections_beyond_the_limit_are_told_and_those_within_go_on(served: Served) -> None:
    with Load(served.port, connections=4) as load:
        time.sleep(0.3)
        idle = []
        for _ in range(260):
            idle.append(socket.create_connection(("127.0.0.1", served.port), timeout=5.0))
        turned_away = 0
        for connection in idle[220:]:
            connection.settimeout(5.0)
            try:
                turned_away += connection.recv(4096).startswith(b"HTTP/1.1 503")
            except ConnectionError:
                turned_away += 1
        for connection in idle:
            connection.close()
        time.sleep(0.3)
    assert turned_away == 40
    assert load.lost == []
    assert set(load.statuses) == {200}
    assert eventually(lambda: ask(served)) == 200


def test_a_caller_who_pipelines_and_never_reads_holds_up_nobody(served: Served) -> None:
    body = b'{"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}'
    one = (
        b"POST /predict/flights HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )
    before = served.rss_mb("worker-1")
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.settimeout(0.5)
        try:
            for _ in range(400):
                connection.sendall(one * 100)
        except TimeoutError:
            pass
        with Load(served.port, connections=4) as load:
            time.sleep(1.0)
        assert set(load.statuses) == {200}
        assert served.rss_mb("worker-1") - before < 40.0
    assert ask(served) == 200


def test_a_process_that_has_no_more_files_goes_on_once_it_has(tmp_path, monkeypatch) -> None:
    home = Home(tmp_path / "project" / ".loopwright")
    home.arms(home.bundle())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        with Served(home, max_connections=4096) as served:
            pid = served.pids()["worker-1"]
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 64))
            idle = [socket.create_connection(("127.0.0.1", served.port), timeout=5.0) for _ in range(100)]
            time.sleep(0.5)
            for connection in idle:
                connection.close()
            assert eventually(lambda: ask(served)) == 200
            assert served.pids()["worker-1"] == pid
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        home.stores.close()


def test_ten_times_the_load_is_answered_within_bounds_and_refused_with_advice(tmp_path) -> None:
    found = overload.offered_to_a_slow_worker(tmp_path, seconds=5.0, times=10.0, connections=1000)
    offered = found.offered
    assert set(offered.statuses) == {200, 503}
    assert offered.statuses[200] > 500
    assert offered.without_advice == 0
    assert offered.lost == 0
    assert max(offered.accepted_s) < 8.0, "1.5 s on a quiet machine"
    assert max(found.live_s) < 3.0
    assert found.sizes_mb[-1] - found.sizes_mb[2] < 20.0
