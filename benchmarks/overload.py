"""Ten times the load that a worker can take, for a minute: how long the accepted wait, what the others are told.

`python benchmarks/overload.py [--seconds 60] [--times 10]`

The model takes 2 ms a record, so that this machine can offer ten times its rate. Requests are offered at a fixed rate,
whether earlier ones are answered or not. Durability: every answered request was appended to the request log before its
answer (survives a kill of the process; no fdatasync). Server and client share this machine's cores.
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
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvloop

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.store.ledger import Record
from loopwright.store.open_stores import create_home, open_stores
from loopwright.store.trees import put_tree

CODE = """
import time
import numpy as np

def predict(model, columns):
    rows = len(columns["x"])
    time.sleep(0.002 * rows)
    return {"score": np.zeros(rows)}
"""
BODY = json.dumps({"x": 1.5}).encode()
REQUEST = (
    b"POST /predict/slow HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


def slow_home(path: Path) -> None:
    """A home whose endpoint `slow` takes 2 ms a record."""
    create_home(path, ids=random_id, clock=SystemClock())
    stores = open_stores(path, clock=SystemClock(), ids=random_id)
    columns = (Column(name="x", kind="float"),)
    parts = {
        "model": put_value(stores.blobs, {"nothing": 0}),
        "code": put_tree(stores.blobs, {"slow_predict.py": CODE.encode()}),
    }
    signature = Signature(task="regression", request=columns, features=columns, classes=())
    manifest = Manifest(
        kind="model", parts=parts, entry="slow_predict:predict", signature=signature, example={"x": 1.0}
    )
    version = put_bundle(stores.blobs, manifest)
    arms = [{"name": "champion", "role": "champion", "version": version, "share": 1.0}]
    data = {"endpoint": "slow", "revision": 1, "release": None, "arms": arms}
    stores.ledger.commit(
        moves={"default/endpoint/slow@arms": "arms-1"}, records=[Record(kind="arms", id="arms-1", data=data)]
    )
    stores.close()


@dataclass
class Offered:
    """What became of the requests that were offered."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted_s: list[float] = field(default_factory=list)
    without_advice: int = 0
    lost: int = 0
    not_sent: int = 0


class Caller(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, offered: Offered, idle: "deque[Caller]") -> None:
        self.offered, self.idle, self.buffer, self.busy = offered, idle, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.idle.append(self)

    def ask(self) -> None:
        self.busy, self.sent = True, time.perf_counter()
        self.transport.write(REQUEST)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        data = self.buffer = self.buffer + data
        head, end, body = data.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            return
        status = int(data.split(b" ", 2)[1])
        self.offered.statuses[status] += 1
        if status == 200:
            self.offered.accepted_s.append(time.perf_counter() - self.sent)
        elif b"retry-after" not in head.lower():
            self.offered.without_advice += 1
        self.buffer, self.busy = b"", False
        self.idle.append(self)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the form of a protocol
        self.offered.lost += self.busy
        if self in self.idle:
            self.idle.remove(self)


async def offer(port: int, rate: float, seconds: float, *, connections: int) -> Offered:
    """Offer requests at a rate, on at most so many connections."""
    loop, offered, idle = asyncio.get_running_loop(), Offered(), deque()
    callers: list[Caller] = []
    for _ in range(connections):
        _, caller = await loop.create_connection(lambda: Caller(offered, idle), "127.0.0.1", port)
        callers.append(caller)
    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        while sent < now * rate:
            sent += 1
            if idle:
                idle.popleft().ask()
            else:
                offered.not_sent += 1
        await asyncio.sleep(0.002)
    await asyncio.sleep(1.0)
    for caller in callers:
        caller.transport.close()
    return offered


async def capacity(port: int, seconds: float) -> float:
    """Requests a second that are answered where a few callers always ask."""
    loop, offered, idle = asyncio.get_running_loop(), Offered(), deque()
    for _ in range(16):
        await loop.create_connection(lambda: Caller(offered, idle), "127.0.0.1", port)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        while idle:
            idle.popleft().ask()
        await asyncio.sleep(0.0005)
    return offered.statuses[200] / seconds


def rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


async def watch(port: int, pid: int, seconds: float) -> tuple[list[float], list[float]]:
    """Resident memory, and the seconds that `/health/live` takes, ten times."""
    sizes, times = [], []
    async with httpx.AsyncClient() as client:
        for _ in range(10):
            await asyncio.sleep(seconds / 10)
            sizes.append(rss_mb(pid))
            before = time.perf_counter()
            await client.get(f"http://127.0.0.1:{port}/health/live", timeout=10.0)
            times.append(time.perf_counter() - before)
    return sizes, times


def wait_ready(port: int) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=2.0).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("the worker did not come up")


def report(found: "Found") -> None:
    offered, sizes, times = found.offered, found.sizes_mb, found.live_s
    waits = sorted(offered.accepted_s)
    total = sum(offered.statuses.values())
    print(
        f"capacity {found.able:,.0f}/s, offered {found.rate:,.0f}/s; answered {total:,}, of them "
        + ", ".join(f"{status}: {count:,}" for status, count in sorted(offered.statuses.items()))
    )
    print(
        f"accepted: p50 {1e3 * statistics.median(waits):.0f} ms, p99 {1e3 * waits[int(len(waits) * 0.99)]:.0f} ms, "
        f"most {1e3 * waits[-1]:.0f} ms"
    )
    print(
        f"refused without Retry-After: {offered.without_advice}; connections lost with a request: {offered.lost}; "
        f"not sent, every connection being busy: {offered.not_sent:,}"
    )
    print(f"/health/live meanwhile: median {1e3 * statistics.median(times):.0f} ms, most {1e3 * max(times):.0f} ms")
    print("resident memory, MB: " + " ".join(f"{size:.0f}" for size in sizes))


@dataclass
class Found:
    """One run: what was offered, at which rate; resident memory and `/health/live` meanwhile, ten times."""

    able: float
    rate: float
    offered: Offered
    sizes_mb: list[float]
    live_s: list[float]


async def _run(port: int, pid: int, *, seconds: float, times: float, connections: int) -> Found:
    able = await capacity(port, min(5.0, seconds))
    watching = asyncio.create_task(watch(port, pid, seconds))
    offered = await offer(port, able * times, seconds, connections=connections)
    sizes, live = await watching
    return Found(able, able * times, offered, sizes, live)


def offered_to_a_slow_worker(folder: Path, *, seconds: float, times: float, connections: int) -> Found:
    """Start a worker whose model takes 2 ms a record, and offer it several times of what it can take."""
    home = folder / ".loopwright"
    slow_home(home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home), "--endpoint", "slow"]
    worker = subprocess.Popen([*command, "--port", str(port)])
    try:
        wait_ready(port)
        return uvloop.run(_run(port, worker.pid, seconds=seconds, times=times, connections=connections))
    finally:
        worker.terminate()
        worker.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--times", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=1500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(
            offered_to_a_slow_worker(
                Path(folder), seconds=given.seconds, times=given.times, connections=given.connections
            )
        )


if __name__ == "__main__":
    main()
