"""A local upstream: an OpenAI- and Anthropic-compatible server whose answers are worked out, and which fails as told.

As a class in a test, in a thread (a process of its own: `upstream_child.ChildUpstream`):

    with LocalUpstream() as upstream:
        client = openai.OpenAI(base_url=upstream.url, api_key="any")

or `python -m loopwright.testing.upstream_server --port 8099 --fault 500@0.2`. `GET /counts` says what came in,
`GET /seen` the last requests, `POST /fault` with a fault as the body sets one, `POST /fault/MODEL` one for a model.
"""

import argparse
import asyncio
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, Self

import httptools
import msgspec

from loopwright.testing.upstream_answers import Say
from loopwright.testing.upstream_bodies import ROUTES, answer_to, models, refused
from loopwright.testing.upstream_faults import KINDS, Answer, Fault, Script, faults_of, plain, played

_SEEN = 50


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request that came in: its path, headers (names in lower case) and body."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Behaviour:
    """What an upstream does, and what it counts. Lives on one event loop; read from anywhere.

    Args:
        fault: How it fails; see `upstream_faults`.
        key: The key that callers must send; empty: any or none.
        names: Models that it lists. It answers for any other too, but for those that begin with `unknown`.
        seed: Draws the calls that fail.
        say: A test's own words for an answer.

    Attributes:
        counts: `calls`, `streams`, `cancelled` (the caller went away before the end), `connections`, `under_way`,
            `most_under_way`, `fault:KIND`, `status:N`, and each path.
        seen: The last requests, oldest first.
    """

    def __init__(
        self,
        *,
        fault: str = "",
        key: str = "",
        names: tuple[str, ...] = ("tiny",),
        seed: int = 0,
        say: Say | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.seen: deque[Seen] = deque(maxlen=_SEEN)
        self._faults: dict[str, tuple[Fault, ...]] = {"": faults_of(fault)}
        self._calls: Counter[str] = Counter()
        self._key = key
        self._names = names
        self._seed = seed
        self._say = say

    def fail(self, fault: str, *, model: str = "") -> None:
        """Fail so from now on, for one model or for all that have no fault of their own; empty: not at all.

        Raises:
            ValueError: It is no fault.
        """
        self._faults[model] = faults_of(fault)
        self._calls[model] = 0

    def script(self, path: str, headers: Mapping[str, str], raw: bytes) -> Script | bytes:
        """What to send for a request."""
        if not path.startswith("/v1/") or path == "/v1/models":
            return plain(self._told(path, raw))
        try:
            body = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return plain(refused(path, 400, "the body is no JSON"))
        self._note(path, headers, body)
        model = str(body.get("model")) if isinstance(body, dict) else ""
        fault = self._fault(headers, model)
        answer = self._answer(path, headers, body)
        if fault is None:
            return plain(answer)
        self.counts[f"fault:{fault.kind}"] += 1
        if fault.kind.isdigit():
            wait = b"retry-after: %s\r\n" % fault.value.encode() if fault.value else b""
            return plain(refused(path, int(fault.kind), f"told to fail: {KINDS[fault.kind]}", headers=wait))
        return played(answer, fault)

    def _note(self, path: str, headers: Mapping[str, str], body: Any) -> None:
        self.seen.append(Seen(path=path, headers=headers, body=body))
        self.counts["calls"] += 1
        self.counts[path] += 1
        if isinstance(body, dict) and body.get("stream"):
            self.counts["streams"] += 1

    def _fault(self, headers: Mapping[str, str], model: str) -> Fault | None:
        if headers.get("x-fault"):
            own = f"x-fault:{headers['x-fault']}"
            self._calls[own] += 1
            return self._hitting(faults_of(headers["x-fault"]), self._calls[own])
        scope = model if model in self._faults else ""
        self._calls[scope] += 1
        return self._hitting(self._faults[scope], self._calls[scope])

    def _hitting(self, faults: tuple[Fault, ...], number: int) -> Fault | None:
        return next((one for at, one in enumerate(faults) if one.hits(number, self._seed + at)), None)

    def _answer(self, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        sent = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if self._key and sent != self._key:
            return refused(path, 401, f"wrong key: {sent}")
        if path not in ROUTES:
            return refused(path, 404, f"no route {path}")
        if str(body.get("model", "")).startswith("unknown"):
            return refused(path, 404, f"the model {body['model']!r} does not exist")
        try:
            return answer_to(path, body, say=self._say)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return refused(path, 400, f"the body is wrong: {type(error).__name__} {error}")

    def _told(self, path: str, raw: bytes) -> Answer:
        if path == "/v1/models":
            return models(self._names)
        if path == "/counts":
            return Answer(status=200, parts=(msgspec.json.encode(dict(self.counts)),))
        if path == "/seen":
            return Answer(status=200, parts=(msgspec.json.encode(list(self.seen)),))
        if path.startswith("/fault"):
            self.fail(raw.decode(), model=path.removeprefix("/fault").removeprefix("/"))
            return Answer(status=200, parts=(b"{}",))
        return refused(path, 404, f"no route {path}")


class _Connection(asyncio.Protocol):
    """One caller's connection; one request at a time."""

    def __init__(self, behaviour: Behaviour, open_: set[asyncio.Transport]) -> None:
        self._behaviour = behaviour
        self._open = open_
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._path = ""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._under_way = False
        self._timer: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._open.add(self._transport)
        self._behaviour.counts["connections"] += 1

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._open.discard(self._transport)
        if self._timer is not None:
            self._timer.cancel()
        if self._under_way:
            self._behaviour.counts["cancelled"] += 1
            self._ended()

    def on_message_begin(self) -> None:
        self._headers, self._body = {}, []

    def on_url(self, url: bytes) -> None:
        self._path = url.decode("latin-1").partition("?")[0]

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        counts = self._behaviour.counts
        counts["under_way"] += 1
        counts["most_under_way"] = max(counts["most_under_way"], counts["under_way"])
        self._under_way = True
        script = self._behaviour.script(self._path, self._headers, b"".join(self._body))
        if isinstance(script, bytes):
            self._transport.write(script)
            self._ended()
        else:
            self._play(script, 0)

    def _play(self, script: Script, number: int) -> None:
        self._timer = None
        if number == len(script.steps):
            self._close(script)
            return
        wait_s, data = script.steps[number]
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._step, script, number, data)

    def _step(self, script: Script, number: int, data: bytes) -> None:
        self._transport.write(data)
        self._play(script, number + 1)

    def _close(self, script: Script) -> None:
        if script.ending == "hang":
            return
        self._ended()
        if script.ending == "close":
            self._transport.close()
        elif script.ending == "reset":
            self._transport.abort()

    def _ended(self) -> None:
        self._under_way = False
        self._behaviour.counts["under_way"] -= 1


async def serve(behaviour: Behaviour, *, port: int = 0, ready: Callable[[int], None]) -> None:
    """Serve on loopback until cancelled; `ready` is told the port."""
    loop = asyncio.get_running_loop()
    connections: set[asyncio.Transport] = set()
    server = await loop.create_server(lambda: _Connection(behaviour, connections), "127.0.0.1", port, backlog=2048)
    ready(server.sockets[0].getsockname()[1])
    try:
        await server.serve_forever()
    finally:
        for transport in connections:
            transport.abort()


class LocalUpstream:
    """A local upstream in a thread of this process; see `Behaviour` for what it takes.

    Attributes:
        behaviour: What it does and counts.
    """

    def __init__(self, **options: Any) -> None:
        self.behaviour = Behaviour(**options)
        self._port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="local-upstream", daemon=True)

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`; the base URL of Anthropic's clients."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The base URL with its version, as `Upstream.url` and OpenAI's clients take it."""
        return f"{self.origin}/v1"

    @property
    def counts(self) -> Counter[str]:
        """What came in; see `Behaviour`."""
        return self.behaviour.counts

    @property
    def seen(self) -> list[Seen]:
        """The last requests."""
        return list(self.behaviour.seen)

    def fail(self, fault: str, *, model: str = "") -> None:
        """Fail so from now on; see `Behaviour.fail`."""
        self.behaviour.fail(fault, model=model)

    def start(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self) -> None:
        """Close every connection and stop."""
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        self._task = self._loop.create_task(serve(self.behaviour, ready=self._listening))
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    def _listening(self, port: int) -> None:
        self._port = port
        self._ready.set()


def main(arguments: list[str]) -> None:
    """Serve until the process ends; the first line written is the origin."""
    parser = argparse.ArgumentParser(prog="loopwright.testing.upstream_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--fault", default="", help="KIND[=VALUE][@SHARE][*TIMES]; kinds: " + ", ".join(KINDS))
    parser.add_argument("--key", default="", help="the key that callers must send")
    parser.add_argument("--seed", type=int, default=0, help="draws the calls that fail")
    given = parser.parse_args(arguments)
    behaviour = Behaviour(fault=given.fault, key=given.key, seed=given.seed)

    def ready(port: int) -> None:
        sys.stdout.write(f"http://127.0.0.1:{port}\n")
        sys.stdout.flush()

    asyncio.run(serve(behaviour, port=given.port, ready=ready))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
