"""What a canary with a tenth of the traffic costs the champion's callers, at a steady rate below saturation.

`python benchmarks/canary_cost.py [--rate 2000] [--seconds 4] [--rounds 7]`

The two workers of `benchmarks/serving.py` that differ in the canary only, asked in turns over 16 connections, one by
one on a schedule (an answer that is late makes nobody ask less). Latencies are those of answers that the champion
gave; medians over the rounds, and of the ratio within a round.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from serving import KINDS, Running, start

NAMES = ("everything on", "10 % to a canary")
CONNECTIONS = 16


class Caller(asyncio.Protocol):
    """One kept-alive connection; keeps the latencies of the champion's answers, in seconds."""

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self.request = request
        self.latencies = latencies
        self.sent = 0.0
        self.answered = asyncio.Event()
        self.answered.set()
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self, due: float) -> None:
        """Ask now; the latency counts from when it was due."""
        self.sent = due
        self.answered.clear()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.failed += not data.startswith(b"HTTP/1.1 200")
        if b'"arm":"champion"' in data:
            self.latencies.append(time.perf_counter() - self.sent)
        self.answered.set()


async def steady(running: Running, *, rate: int, seconds: float) -> tuple[float, float]:
    """Latency in µs that half, and 99 of 100, of the champion's answers kept within."""
    body = running.body
    _, _, host, path = running.url.split("/", 3)
    port = int(host.rpartition(":")[2])
    head = f"POST /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    loop, latencies = asyncio.get_running_loop(), []
    callers = []
    for _ in range(CONNECTIONS):
        _, caller = await loop.create_connection(lambda: Caller(request, latencies), "127.0.0.1", port)
        callers.append(caller)
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        while (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left if left > 0.002 else 0)
        caller = callers[number % CONNECTIONS]
        await caller.answered.wait()
        caller.ask(due)
    await asyncio.gather(*(caller.answered.wait() for caller in callers))
    for caller in callers:
        caller.transport.close()
    if failed := sum(caller.failed for caller in callers):
        raise SystemExit(f"{failed} requests failed")
    ordered = sorted(latencies)
    return 1e6 * ordered[len(ordered) // 2], 1e6 * ordered[int(len(ordered) * 0.99)]


def main() -> None:
    import uvloop

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=2000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        kinds = {kind.name: kind for kind in KINDS}
        servers = {name: start(kinds[name], Path(folder), stack) for name in NAMES}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMES}
        for number in range(given.rounds + 1):
            for name, running in servers.items():
                figures = uvloop.run(steady(running, rate=given.rate, seconds=given.seconds))
                if number:  # the first one warms
                    found[name].append(figures)
    print("| | p50 µs | p99 µs |\n|---|---|---|")
    for name, rounds in found.items():
        p50, p99 = (statistics.median(values) for values in zip(*rounds, strict=True))
        print(f"| {name} | {p50:.0f} | {p99:.0f} |")
    ratios = [statistics.median(b[i] / a[i] for a, b in zip(*found.values(), strict=True)) for i in (0, 1)]
    print(f"| ratio within a round | {ratios[0]:.3f} | {ratios[1]:.3f} |")


if __name__ == "__main__":
    main()
