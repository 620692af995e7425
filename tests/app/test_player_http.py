import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from loopwright.app.player_http import Asked, Asker, Connections
from loopwright.errors import ServingError


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path names; `/close` hangs up without an answer."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers.get("Loopwright-Clock", ""), body))
        if self.path == "/close":
            self.close_connection = True
            return
        said = b'{"what": "no", "fix": "do"}'
        self.send_response(int(self.path[1:4]))
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        self.close_connection = self.path.endswith("/once")

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:4]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server; what it has seen is empty at the start."""
    Handler.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def nobody() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def asked(port: int, path: str, count: int) -> Asked:
    counts, asker = Asked(), Asker("127.0.0.1", port)
    with closing(asker):
        asker.ask_all(path, [{"n": n} for n in range(count)], 77, asked=counts)
        asker.ask_all(path, [], 77, asked=counts)
    return counts


def test_every_row_is_sent_once_with_the_clock(server: int) -> None:
    counts = asked(server, "/200", 40)
    assert (counts.sent, counts.failed) == (40, 0)
    assert sorted(body for _, _, body in Handler.seen) == sorted(b'{"n":%d}' % n for n in range(40))
    assert {clock for _, clock, _ in Handler.seen} == {"77"}


@pytest.mark.parametrize("path", ["/503", "/422"])
def test_other_answers_are_counted_as_failures_by_status(server: int, path: str) -> None:
    counts = asked(server, path, 10)
    assert (counts.sent, counts.failed, counts.failures) == (10, 10, {path[1:]: 10})


def test_a_server_that_is_not_there_fails_each_request(nobody: int) -> None:
    counts = asked(nobody, "/200", 5)
    assert (counts.sent, counts.failed) == (5, 5)


def test_a_server_that_hangs_up_fails_the_request(server: int) -> None:
    assert asked(server, "/close", 3).failed == 3


def test_a_connection_that_went_stale_is_no_failed_request(server: int) -> None:
    counts, asker = Asked(), Asker("127.0.0.1", server)
    with closing(asker):
        for _ in range(5):
            asker.ask_all("/200/once", [{}], 77, asked=counts)
    assert (counts.sent, counts.failed) == (5, 0)


def test_a_call_that_must_succeed_says_what_the_server_said(server: int) -> None:
    with closing(Connections("127.0.0.1", server, "secret")) as connections:
        assert connections.expect("/201", {}) == {"what": "no", "fix": "do"}
        with pytest.raises(ServingError, match="answered 400") as caught:
            connections.expect("/400", {})
    assert (caught.value.why, caught.value.fix) == ("no", "do")


def test_without_patience_a_missing_answer_is_an_error_at_once(nobody: int) -> None:
    with closing(Connections("127.0.0.1", nobody)) as connections, pytest.raises(ServingError, match="no answer"):
        connections.expect("/200", {})


def test_patience_waits_for_a_server_that_comes_back(nobody: int) -> None:
    started: list[ThreadingHTTPServer] = []

    def patience(tries: int) -> bool:
        if tries == 3:
            started.append(ThreadingHTTPServer(("127.0.0.1", nobody), Handler))
            threading.Thread(target=started[0].serve_forever, kwargs={"poll_interval": 0.01}).start()
        return tries < 5

    with closing(Connections("127.0.0.1", nobody, patience=patience)) as connections:
        assert connections.expect("/200", {}) is not None
    started[0].shutdown()
    started[0].server_close()


def test_patience_ends(nobody: int) -> None:
    tries: list[int] = []

    def patience(number: int) -> bool:
        tries.append(number)
        return number < 4

    with closing(Connections("127.0.0.1", nobody, patience=patience)) as one, pytest.raises(ServingError):
        one.expect("/200", {})
    assert tries == [1, 2, 3, 4]


def test_waiting_ends_when_the_server_is_ready_or_patience_is_over(server: int, nobody: int) -> None:
    tries: list[int] = []

    def patience(number: int) -> bool:
        tries.append(number)
        return number < 3

    with closing(Connections("127.0.0.1", server, patience=patience)) as ready:
        assert ready.wait("/200")
        assert tries == []
        assert not ready.wait("/503")
    with closing(Connections("127.0.0.1", nobody, patience=patience)) as gone:
        assert not gone.wait("/200")
    assert tries == [1, 2, 3] * 2
