"""The replay's connections to the servers: a few kept-alive ones of the standard library, each used by one thread."""

import http.client
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Any

from loopwright.core.clock import Micros
from loopwright.core.codec import to_json
from loopwright.errors import ServingError

CLOCK_HEADER = "Loopwright-Clock"
TIMEOUT_S = 120.0


class Connections:
    """Calls one server on loopback. Safe to use from several threads."""

    def __init__(self, host: str, port: int, token: str = "") -> None:
        self._host = host
        self._port = port
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._local = local()

    def post(self, path: str, body: Any, clock: Micros | None = None) -> tuple[int, Any]:
        """Status and decoded answer. Raises OSError, http.client.HTTPException when the server is gone."""
        headers = self._headers | ({CLOCK_HEADER: str(clock)} if clock is not None else {})
        connection = self._connection()
        try:
            connection.request("POST", path, body=to_json(body), headers=headers)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        return answer.status, json.loads(data) if data else None

    def expect(self, path: str, body: Any, clock: Micros | None = None) -> Any:
        """The decoded answer of a call that must succeed. Raises ServingError."""
        try:
            status, answer = self.post(path, body, clock)
        except (OSError, http.client.HTTPException) as error:
            raise ServingError(f"POST {path} got no answer", why=f"{type(error).__name__}: {error}") from error
        if status >= 300:
            said = answer if isinstance(answer, dict) else {}
            raise ServingError(f"POST {path} answered {status}", why=str(said.get("what", answer)), fix=str(said.get("fix", "")))
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        connection: http.client.HTTPConnection = self._local.connection
        return connection


class Asked:
    """Counts of the requests sent so far."""

    def __init__(self) -> None:
        self.sent = 0
        self.failed = 0
        self.failures: dict[str, int] = {}


def ask_all(pool: ThreadPoolExecutor, server: Connections, path: str, rows: Sequence[Any], clock: Micros, asked: Asked) -> None:
    """Send each row as one request, a few at a time, and count what did not answer 200."""

    def one(row: Any) -> str:
        try:
            status, _ = server.post(path, row, clock)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        return "" if status == 200 else str(status)

    for failure in pool.map(one, rows, chunksize=1):
        asked.sent += 1
        if failure:
            asked.failed += 1
            asked.failures[failure] = asked.failures.get(failure, 0) + 1
