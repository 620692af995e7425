"""One worker's requests a second beside a floor: the same uvicorn answering a constant from 20 lines of raw ASGI.

`python benchmarks/serving.py [--seconds 4] [--rounds 5] [--only NAME …]`

LightGBM with 100 trees of 31 leaves over 20 numbers, one JSON row a request, wrk with 1, 16 and 64 connections on this
machine's cores. Everything is on: validation with ranges, routing, request log, metrics, arms. Durability: every
answered request was appended to the log with one write(2) a batch before its answer (it survives a kill of the process;
no fdatasync). All servers run at once and rounds alternate between them; medians are printed, ratios are of the floor
in the same round.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from lightgbm import LGBMClassifier
from wrk_load import Figures, ended, measured, rss_mb, until_answered

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView, SourceName, count, mean
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.serving.children import ProbationPlan
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores, create_home, open_stores

HERE = Path(__file__).resolve().parent
CONNECTIONS = (1, 16, 64)
HOUR = 3_600_000_000
FLOOR = "floor"
OURS = "everything on"
VIEW = FeatureView(
    "congestion", source=SourceName(name="departures", event_time="at"), entity="origin",
    features={"delay_mean_24h": mean("delay", over="24h"), "departures_1h": count(over="1h")},
)  # fmt: skip
ORIGINS = tuple(f"O{n:02d}" for n in range(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to serve.

    Attributes:
        name: As it is printed.
        features: Two of the 20 numbers are windowed features that are joined from the online store in the request.
        canary: Share of the requests that a second version in its probation child answers.
        settings: Settings of the worker.
    """

    name: str
    features: bool = False
    canary: float = 0.0
    settings: tuple[str, ...] = ()


KINDS = (
    Kind(name=OURS),
    Kind(name="with a feature join", features=True),
    Kind(name="10 % to a canary", canary=0.1),
    Kind(name="half to a canary", canary=0.5),
    Kind(name="past ASGI off", settings=("hot_path = false",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs."""

    process: psutil.Process
    url: str
    body: bytes
    ready_s: float

    def round(self, connections: int, seconds: float) -> Figures:
        """One load."""
        return measured(self.process, self.url, self.body, connections=connections, seconds=seconds)


def trained(seed: int) -> LGBMClassifier:
    """A classifier that is deep enough to use all its leaves."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(50_000, 20))
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + rng.normal(scale=0.5, size=50_000)
    return LGBMClassifier(n_estimators=100, num_leaves=31, n_jobs=1, verbose=-1).fit(x, score > 0)


def row(kind: Kind) -> dict[str, object]:
    """What is asked."""
    plain: dict[str, object] = {f"x{n:02d}": round(0.1 * n - 1.0, 3) for n in range(18 if kind.features else 20)}
    return plain | {"origin": "O03"} if kind.features else plain


def put_version(stores: Stores, kind: Kind, seed: int) -> str:
    """Store a version; returns its digest."""
    numbers = tuple(
        Column(name=f"x{n:02d}", kind="float", minimum=-100, maximum=100) for n in range(18 if kind.features else 20)
    )
    joined = tuple(Column(name=name, kind="float", nullable=True) for name in VIEW.features) if kind.features else ()
    asked = (*numbers, Column(name="origin", kind="string")) if kind.features else numbers
    parts = {"model": put_value(stores.blobs, trained(seed))}
    if kind.features:
        parts["features"] = put_value(stores.blobs, {"views": [VIEW.to_json()]})
    signature = Signature(task="binary", request=asked, features=(*numbers, *joined), classes=(False, True))
    manifest = Manifest(kind="model", parts=parts, entry="model", signature=signature, example=row(kind))
    return put_bundle(stores.blobs, manifest)


def home_with(path: Path, kind: Kind) -> list[tuple[str, ...]]:
    """A home whose endpoint `flights` serves that way; returns commands of the probation children that it needs."""
    create_home(path, ids=random_id, clock=SystemClock())
    path.with_name("loopwright.toml").write_text("\n".join(kind.settings))
    stores = open_stores(path, clock=SystemClock(), ids=random_id)
    now = SystemClock().now()
    if kind.features:
        pushed = [
            {"origin": o, "at": now - n * HOUR // 15, "delay": float(n % 40)} for o in ORIGINS for n in range(350)
        ]
        OnlineFeatures(stores.kv, [VIEW]).push("departures", pushed, known_at=now)
    version = put_version(stores, kind, 0)
    arms = [{"name": "champion", "role": "champion", "version": version, "share": 1.0 - kind.canary}]
    if kind.canary:
        second = put_version(stores, kind, 1)
        arms.append({"name": "candidate", "role": "canary", "version": second, "share": kind.canary})
    data = {"endpoint": "flights", "revision": 1, "release": "rel_1" if kind.canary else None, "arms": arms}
    stores.ledger.commit(
        moves={"default/endpoint/flights@arms": "arms-1"}, records=[Record(kind="arms", id="arms-1", data=data)]
    )
    plan = ProbationPlan(ledger=stores.ledger, blobs=stores.blobs, run=path / "run")
    children = [command.arguments for command in plan.wanted()]
    stores.close()
    return children


@contextmanager
def serving(command: tuple[str, ...], port: int, path: str, body: bytes) -> Iterator[Running]:
    """A server for as long as the block runs."""
    started = subprocess.Popen(command)
    process = psutil.Process(started.pid)
    url = f"http://127.0.0.1:{port}{path}"
    try:
        yield Running(process=process, url=url, body=body, ready_s=until_answered(url, body))
    finally:
        ended(process)
        started.wait()


def start(kind: Kind | None, folder: Path, stack: ExitStack) -> Running:
    """Start a worker with its children, or the floor for None."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = int(door.getsockname()[1])
    if kind is None:
        command = (sys.executable, str(HERE / "floor" / "asgi.py"), str(port))
        return stack.enter_context(serving(command, port, "/predict/flights", json.dumps(row(KINDS[0])).encode()))
    home = folder / kind.name.replace(" ", "-").replace("%", "percent") / ".loopwright"
    home.parent.mkdir(parents=True)
    for child in home_with(home, kind):
        process = subprocess.Popen(child, cwd=home, stdin=subprocess.PIPE)  # it ends when that closes
        stack.callback(process.wait)
        stack.callback(process.terminate)
    command = (
        sys.executable, "-m", "loopwright.web.worker", "--home", str(home), "--endpoint", "flights", "--port", str(port)
    )  # fmt: skip
    running = stack.enter_context(serving(command, port, "/predict/flights", json.dumps(row(kind)).encode()))
    if kind.canary:
        until_canary(running)
    return running


def until_canary(running: Running) -> None:
    """Wait until the canary answers, too."""
    import httpx

    while True:
        arms = httpx.get(running.url.replace("/predict/flights", "/health/ready")).json()["endpoints"]["flights"][
            "arms"
        ]
        if arms.get("candidate") == "ready":
            return


def table(found: Mapping[str, Mapping[int, list[Figures]]], servers: Mapping[str, Running]) -> str:
    """Medians over the rounds, as Markdown."""
    lines = [
        "| | requests/s at 1 / 16 / 64 | of the floor | p50 µs at 1 (over the floor) | p99 ms at 64 "
        "| CPU a request at 64, µs | ready s | MB | failed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    floor = found[FLOOR]
    for name, at in found.items():
        rates = [statistics.median(f.rate for f in at[c]) for c in CONNECTIONS]
        shares = [
            statistics.median(ours.rate / base.rate for ours, base in zip(at[c], floor[c], strict=True))
            for c in CONNECTIONS
        ]
        over = statistics.median(1e3 * (ours.p50_ms - base.p50_ms) for ours, base in zip(at[1], floor[1], strict=True))
        lines.append(
            f"| {name} | {' / '.join(f'{rate:,.0f}' for rate in rates)} | {' / '.join(f'{s:.2f}' for s in shares)} "
            f"| {1e3 * statistics.median(f.p50_ms for f in at[1]):.0f} ({over:+.0f}) "
            f"| {statistics.median(f.p99_ms for f in at[64]):.1f} "
            f"| {statistics.median(f.cpu_us for f in at[64]):.1f} | {servers[name].ready_s:.1f} "
            f"| {rss_mb(servers[name].process):.0f} | {sum(f.failed for rounds in at.values() for f in rounds)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4, help="whole ones, as wrk takes them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names to run beside the floor")
    given = parser.parse_args()
    kinds = [kind for kind in KINDS if not given.only or any(part in kind.name for part in given.only)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = {FLOOR: start(None, Path(folder), stack)}
        servers |= {kind.name: start(kind, Path(folder), stack) for kind in kinds}
        found: dict[str, dict[int, list[Figures]]] = {name: {c: [] for c in CONNECTIONS} for name in servers}
        for running in servers.values():
            running.round(16, 1.0)  # warm
        for number in range(given.rounds):
            for connections in CONNECTIONS:
                for name, running in servers.items():
                    found[name][connections].append(running.round(connections, given.seconds))
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
        print(table(found, servers))


if __name__ == "__main__":
    main()
