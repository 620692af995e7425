"""The replay's connections: many small requests to the inference server, a few large calls to the control process.

A general HTTP client spends several times what the server does on each request; here every request has the same
headers, so that only the clock, the length and the body change.
"""

import asyncio
import http.client
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from loopwright.core.clock import Micros
from loopwright.core.codec import to_json
from loopwright.errors import ServingError

CLOCK_HEADER = "Loopwright-Clock"
TIMEOUT_S = 120.0
CONNECTIONS = 8
MOST_HEAD_BYTES = 1 << 16


def _once(tries: int) -> bool:  # noqa: ARG001 - the form of a patience
    return False


class Connections:
    """Calls one server on loopback, one call at a time. Used by one thread.

    Args:
        host, port: Where it listens.
        token: Sent with each call, where there is one.
        patience: Asked, with the number of tries so far, after a call that got no answer: waits a little and says
            whether to try again. A server that is started again after a crash is away for a moment.
    """

    def __init__(self, host: str, port: int, token: str = "", *, patience: Callable[[int], bool] = _once) -> None:
        self.host = host
        self.port = port
        self._patience = patience
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and decoded answer. Raises OSError, http.client.HTTPException when the server is gone."""
        try:
            self._connection.request("POST", path, body=to_json(body), headers=self._headers)
            answer = self._connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return answer.status, json.loads(data) if data else None

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def wait(self, path: str) -> bool:
        """Ask until `path` answers 200, as long as patience lasts; whether it did."""
        tries = 0
        while not self._answers(path):
            tries += 1
            if not self._patience(tries):
                return False
        return True

    def expect(self, path: str, body: Any) -> Any:
        """The decoded answer of a call that must succeed. It may reach the server twice. Raises ServingError."""
        status, answer = self._insist(path, body)
        if status >= 300:
            said = answer if isinstance(answer, dict) else {}
            raise ServingError(
                f"POST {path} answered {status}", why=str(said.get("what", answer)), fix=str(said.get("fix", ""))
            )
        return answer

    def _answers(self, path: str) -> bool:
        try:
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return answer.status == 200

    def _insist(self, path: str, body: Any) -> tuple[int, Any]:
        tries = 0
        while True:
            try:
                return self.post(path, body)
            except (OSError, http.client.HTTPException) as error:
                tries += 1
                if not self._patience(tries):
                    why = f"{type(error).__name__}: {error}"
                    raise ServingError(f"POST {path} got no answer", why=why) from error


class Asked:
    """Counts of the requests sent so far."""

    def __init__(self) -> None:
        self.sent = 0
        self.failed = 0
        self.failures: dict[str, int] = {}

    def count(self, failure: str) -> None:
        """One request more; `failure` is empty where it was answered with 200."""
        self.sent += 1
        if failure:
            self.failed += 1
            self.failures[failure] = self.failures.get(failure, 0) + 1


class Asker:
    """Sends rows as single requests over a few connections, each the next row as soon as it has its answer.

    Owns an event loop; used by one thread.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._loop = _new_loop()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    def ask_all(self, path: str, rows: Sequence[Any], clock: Micros, *, asked: Asked) -> None:
        """Send each row, wait for all answers, and count what was not answered with 200."""
        if rows:
            self._loop.run_until_complete(self._ask_all(path, rows, clock, asked=asked))

    def close(self) -> None:
        """Let go of the connections."""
        for _, writer in self._idle:
            writer.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _ask_all(self, path: str, rows: Sequence[Any], clock: Micros, *, asked: Asked) -> None:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"{CLOCK_HEADER}: {clock}\r\nContent-Length: "
        ).encode()
        waiting = iter(rows)

        async def lane() -> None:
            for row in waiting:
                body = to_json(row)
                asked.count(await self._ask(head + b"%d\r\n\r\n" % len(body) + body))

        await asyncio.gather(*(lane() for _ in range(min(CONNECTIONS, len(rows)))))

    async def _ask(self, request: bytes) -> str:
        """Empty where the answer is 200, else the status or the kind of failure."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = None
                while answer is None and self._idle:
                    answer = await self._exchange_on_idle(*self._idle.pop(), request)
                if answer is None:
                    opened = await asyncio.open_connection(self._host, self._port)
                    answer = await self._exchange(*opened, request)
                return answer
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            return type(error).__name__

    async def _exchange_on_idle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> str | None:
        """As `_exchange`; None where the server had closed the connection before anything of an answer came.

        A server may close a connection that was idle for long just as it is used again; the request then goes out on
        another one, as HTTP clients do (RFC 9112, 9.3.1).
        """
        try:
            return await self._exchange(reader, writer, request)
        except ConnectionError:
            return None
        except asyncio.IncompleteReadError as gone:
            if gone.partial:
                raise
            return None

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> str:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        self._idle.append((reader, writer))
        status = head[9:12].decode("latin-1")
        return "" if status == "200" else status


def _length(head: bytes) -> int:
    """The length that an answer's head declares. Raises ValueError where it declares none."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("no content-length")


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop, which asks with half the processor time and so leaves it to the server; asyncio's own on Windows."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
