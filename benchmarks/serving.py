"""Requests a second of one inference worker on loopback, against an empty ASGI application on the same uvicorn.

`python benchmarks/serving.py [--seconds 2] [--rounds 5] [--connections 32]`

Durability: every answered request was appended to the request log with one write(2) a batch before its answer (survives
a kill of the process; no fdatasync). Server and client share this machine's cores. Rounds alternate, medians are
printed.
"""

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from lightgbm import LGBMClassifier

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView, SourceName, count, mean
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.store.ledger import Record
from loopwright.store.open_stores import create_home, open_stores

HOUR = 3_600_000_000
EMPTY = """
import sys, socket, uvicorn
async def app(scope, receive, send):
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})
config = uvicorn.Config(
    app, http="httptools", loop="uvloop", lifespan="off", ws="none", interface="asgi3", log_config=None,
    access_log=False, server_header=False, date_header=False, proxy_headers=False, port=int(sys.argv[1]))
uvicorn.Server(config).run()
"""


def home_with(path: Path, *, features: bool) -> None:
    """A home whose endpoint `flights` is a LightGBM model of 100 trees, with or without two windowed features."""
    create_home(path, ids=random_id, clock=SystemClock())
    stores = open_stores(path, clock=SystemClock(), ids=random_id)
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.integers(0, 16, 20_000), rng.integers(50, 3000, 20_000), rng.normal(size=(20_000, 4))])
    model = LGBMClassifier(n_estimators=100, verbose=-1).fit(x, x[:, 1] + 900 * x[:, 2] > 1500)
    carriers = tuple(f"C{n:02d}" for n in range(16))
    request = (
        Column(name="flight_id", kind="string"),
        Column(name="carrier", kind="category", categories=carriers),
        Column(name="distance", kind="int", minimum=0, maximum=6000),
        Column(name="wind", kind="float", nullable=True),
        Column(name="visibility", kind="float", nullable=True),
    )
    joined = (
        Column(name="delay_mean_24h", kind="float", nullable=True),
        Column(name="departures_1h", kind="int", nullable=True),
    )
    view = FeatureView(
        "congestion", source=SourceName(name="departures", event_time="at"), entity="carrier",
        features={"delay_mean_24h": mean("delay", over="24h"), "departures_1h": count(over="1h")},
    )  # fmt: skip
    if not features:
        request = (*request, *joined)
    else:
        now = SystemClock().now()
        OnlineFeatures(stores.kv, [view]).push(
            "departures",
            [{"carrier": c, "at": now - n * HOUR // 15, "delay": float(n % 40)} for c in carriers for n in range(350)],
            known_at=now,
        )
    signature = Signature(
        task="binary", request=request, features=(*request[1:5], *joined), classes=(False, True), key="flight_id"
    )
    parts = {"model": put_value(stores.blobs, model)}
    if features:
        parts["features"] = put_value(stores.blobs, {"views": [view.to_json()]})
    example = {"flight_id": "f1", "carrier": "C01", "distance": 500}
    if not features:
        example |= {"departures_1h": 3}
    version = put_bundle(
        stores.blobs, Manifest(kind="model", parts=parts, entry="model", signature=signature, example=example)
    )
    arms = [{"name": "champion", "role": "champion", "version": version, "share": 1.0}]
    data = {"endpoint": "flights", "revision": 1, "release": None, "arms": arms}
    stores.ledger.commit(
        moves={"default/endpoint/flights@arms": "arms-1"}, records=[Record(kind="arms", id="arms-1", data=data)]
    )
    stores.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def start(kind: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    if kind == "empty":
        command = [sys.executable, "-c", EMPTY, str(port)]
    else:
        home = folder / kind / ".loopwright"
        home.parent.mkdir(parents=True)
        home_with(home, features=kind == "with features")
        command = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home), "--endpoint", "flights"]
        command += ["--port", str(port)]
    return subprocess.Popen(command), port


def payload(kind: str) -> bytes:
    record = {"flight_id": "f1", "carrier": "C03", "distance": 1234, "wind": 3.5, "visibility": 9.0}
    if kind != "with features":
        record |= {"delay_mean_24h": 4.5, "departures_1h": 12}
    body = json.dumps(record).encode()
    head = (
        "POST /predict/flights HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Asker(asyncio.Protocol):
    """One kept-alive connection that asks again as soon as it is answered."""

    def __init__(self, request: bytes, times: list[float], failures: list[bytes]) -> None:
        self.request, self.times, self.failures, self.over = request, times, failures, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.buffer = b""
        self.sent = time.perf_counter()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        data = self.buffer = self.buffer + data
        head, end, body = data.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.partition(b"ontent-length: ")[2].partition(b"\r\n")[0]):
            return
        self.times.append(time.perf_counter() - self.sent)
        if not data.startswith(b"HTTP/1.1 200"):
            self.failures.append(data)
        if not self.over:
            self.ask()


async def measure(port: int, request: bytes, connections: int, seconds: float) -> tuple[float, float, float]:
    """Requests a second, and the 50 % and 99 % latency in milliseconds."""
    loop, times, failures = asyncio.get_running_loop(), [], []
    askers = []
    for _ in range(connections):
        _, asker = await loop.create_connection(lambda: Asker(request, times, failures), "127.0.0.1", port)
        askers.append(asker)
    await asyncio.sleep(seconds)
    done = len(times)
    for asker in askers:
        asker.over = True
        asker.transport.close()
    if failures:
        raise SystemExit(f"{len(failures)} requests failed, such as {failures[0][:300]!r}")
    ordered = sorted(times)
    return done / seconds, 1e3 * ordered[len(ordered) // 2], 1e3 * ordered[int(len(ordered) * 0.99)]


async def until_up(port: int, request: bytes) -> None:
    for _ in range(600):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            line = await reader.readline()
            writer.close()
            if b"200" in line:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("a server did not come up")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args()
    import uvloop

    kinds = ("empty", "without features", "with features")
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        servers = {kind: start(kind, Path(folder)) for kind in kinds}
        try:
            for kind, (_, port) in servers.items():
                uvloop.run(until_up(port, payload(kind)))
            for _ in range(given.rounds):
                for connections in (1, given.connections):
                    for kind, (_, port) in servers.items():
                        figures = uvloop.run(measure(port, payload(kind), connections, given.seconds))
                        found.setdefault((kind, connections), []).append(figures)
        finally:
            for process, _ in servers.values():
                process.terminate()
                process.wait()
    print(f"{'server':<18} {'connections':>11} {'req/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'of empty':>9}")
    for (kind, connections), rounds in found.items():
        rate, p50, p99 = (statistics.median(values) for values in zip(*rounds, strict=True))
        floor = found[("empty", connections)]
        ratio = statistics.median(mine[0] / base[0] for mine, base in zip(rounds, floor, strict=True))
        print(f"{kind:<18} {connections:>11} {rate:>8.0f} {p50:>7.2f} {p99:>7.2f} {ratio:>9.2f}")


if __name__ == "__main__":
    main()
