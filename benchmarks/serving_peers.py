"""Loopwright's worker beside the servers that people use today, the same model, the same load, one run.

`python benchmarks/serving_peers.py [--install] [--only NAME …] [--seconds 4] [--rounds 3]`

One JSON row a request of 20 numbers, LightGBM with 100 trees of 31 leaves, wrk with 1, 16 and 64 connections on this
machine's cores. Each peer has an environment of its own under `benchmarks/.peers` (`--install` makes them), batches
where it can, and uses the native booster where it lets us. Ours has everything on: validation, routing, request log
(one write before the answers), metrics. Servers run one after another, in rounds; medians are printed.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from wrk_load import Figures, ended, measured, rss_mb, until_answered

HERE = Path(__file__).resolve().parent
PEERS = HERE / ".peers"
CONNECTIONS = (1, 16, 64)
ROW = {f"x{n:02d}": round(0.1 * n - 1.0, 3) for n in range(20)}
PACKAGES = {
    "fastapi": ("fastapi", "uvicorn[standard]", "lightgbm", "numpy"),
    "mlflow": ("mlflow", "lightgbm", "fastapi", "uvicorn[standard]", "pandas"),
    "litserve": ("litserve", "lightgbm", "numpy"),
    "bentoml": ("bentoml", "lightgbm", "numpy"),
    "mlserver": ("mlserver", "mlserver-lightgbm", "lightgbm"),
    "ray": ("ray[serve]", "lightgbm", "numpy"),
}
THREADS = {"OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How one server is started, and how it is asked."""

    name: str
    command: Sequence[str]
    path: str
    body: bytes
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


def _flat() -> bytes:
    return json.dumps(ROW).encode()


def servers(port: int, models: Path) -> dict[str, Server]:
    """Every server, listening on `port`."""
    plain = {"path": "/predict", "body": _flat()}

    def scripted(name: str, venv: str, script: str) -> Server:
        python = str(PEERS / venv / "bin" / "python")
        return Server(name=name, command=(python, str(HERE / "peers" / script), str(port), str(models)), **plain)

    rows = json.dumps({"rows": [list(ROW.values())]}).encode()
    split = json.dumps({"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}}).encode()
    tensor = {"name": "input", "shape": [1, 20], "datatype": "FP64", "data": list(ROW.values())}
    tools = {"PATH": f"{PEERS / 'mlflow' / 'bin'}:{os.environ['PATH']}"}
    made = (
        Server(
            name="mlflow models serve",
            command=(str(PEERS / "mlflow" / "bin" / "mlflow"), "models", "serve", "-m", str(models / "mlflow"),
                     "--env-manager", "local", "-p", str(port)),
            path="/invocations", body=split, environment=tools,
        ),
        scripted("Ray Serve (batching)", "ray", "ray_serve.py"),
        scripted("FastAPI + mlflow.pyfunc", "mlflow", "fastapi_pyfunc.py"),
        Server(
            name="BentoML (adaptive batching)",
            command=(str(PEERS / "bentoml" / "bin" / "bentoml"), "serve", "bentoml_service:Scores", "--port", str(port),
                     "--host", "127.0.0.1"),
            path="/predict", body=rows, folder=HERE / "peers",
            environment={"MODEL_FOLDER": str(models), "BENTOML_DO_NOT_TRACK": "True",
                         "PATH": f"{PEERS / 'bentoml' / 'bin'}:{os.environ['PATH']}"},
        ),
        scripted("LitServe (batching)", "litserve", "litserve_app.py"),
        Server(
            name="MLServer (batching)",
            command=(str(PEERS / "mlserver" / "bin" / "mlserver"), "start", str(_mlserver(models, port))),
            path="/v2/models/flights/infer", body=json.dumps({"inputs": [tensor]}).encode(),
        ),
        scripted("FastAPI by hand, native predict", "fastapi", "fastapi_by_hand.py"),
        Server(name="floor: an empty ASGI answer",
               command=(sys.executable, str(HERE / "floor" / "asgi.py"), str(port)), **plain),
        Server(name="Loopwright, everything on",
               command=(sys.executable, "-m", "loopwright.web.worker", "--home", str(models / ".loopwright"),
                        "--endpoint", "flights", "--port", str(port)),
               path="/predict/flights", body=_flat()),
    )  # fmt: skip
    return {server.name: server for server in made}


def _mlserver(models: Path, port: int) -> Path:
    """MLServer's two settings files: one worker in the server's own process, batches of up to 64."""
    folder = models / "mlserver"
    folder.mkdir(exist_ok=True)
    settings = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "parallel_workers": 0,
                "host": "127.0.0.1"}  # fmt: skip
    model = {"name": "flights", "implementation": "mlserver_lightgbm.LightGBMModel", "max_batch_size": 64,
             "max_batch_time": 0.001, "parameters": {"uri": str(models / "model.txt")}}  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One server in one round."""

    by_connections: Mapping[int, Figures]
    ready_s: float
    rss_mb: float


def one_round(server: Server, port: int, seconds: float) -> Round:
    """Start it, load it, end it."""
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            server.command, env={**os.environ, **THREADS, **server.environment}, cwd=server.folder,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        process = psutil.Process(started.pid)
        url = f"http://127.0.0.1:{port}{server.path}"
        try:
            ready_s = until_answered(url, server.body)
            measured(process, url, server.body, connections=16, seconds=1.0)  # warm
            found = {c: measured(process, url, server.body, connections=c, seconds=seconds) for c in CONNECTIONS}
            return Round(by_connections=found, ready_s=ready_s, rss_mb=rss_mb(process))
        finally:
            ended(process)
            started.wait()


def install(only: Sequence[str]) -> None:
    """Make the peers' environments with uv."""
    uv = str(Path(sys.executable).with_name("uv"))
    for name, packages in PACKAGES.items():
        if only and name not in only:
            continue
        python = PEERS / name / "bin" / "python"
        subprocess.run(
            [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, PEERS / name], check=True
        )
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *packages], check=True)


def free_ports() -> int:
    """A port whose two successors are free too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = int(door.getsockname()[1])
        try:
            for following in (port + 1, port + 2):
                socket.create_server(("127.0.0.1", following)).close()
        except OSError:
            continue
        return port


def table(found: Mapping[str, Sequence[Round]]) -> str:
    """Medians over the rounds, as Markdown."""
    floor = found.get("floor: an empty ASGI answer")
    head = "| | requests/s at 1 / 16 / 64 | of the floor | p99 ms at 64 | CPU a request, µs | ready s | MB | failed |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for name, rounds in found.items():
        at = {c: [r.by_connections[c] for r in rounds] for c in CONNECTIONS}
        rates = {c: statistics.median(f.rate for f in at[c]) for c in CONNECTIONS}
        share = ""
        if floor:
            base = {c: statistics.median(r.by_connections[c].rate for r in floor) for c in CONNECTIONS}
            share = " / ".join(f"{rates[c] / base[c]:.2f}" for c in CONNECTIONS)
        failed = sum(f.failed for figures in at.values() for f in figures)
        lines.append(
            f"| {name} | {' / '.join(f'{rates[c]:,.0f}' for c in CONNECTIONS)} | {share} "
            f"| {statistics.median(f.p99_ms for f in at[64]):.1f} | {statistics.median(f.cpu_us for f in at[64]):,.0f} "
            f"| {statistics.median(r.ready_s for r in rounds):.1f} "
            f"| {statistics.median(r.rss_mb for r in rounds):,.0f} | {failed} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="make the peers' environments first")
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names to run")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.install:
        install(())
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        python = PEERS / "mlflow" / "bin" / "python"
        command = [python if python.exists() else sys.executable, HERE / "peers" / "model.py", models]
        subprocess.run(command, check=True, capture_output=True)
        subprocess.run([sys.executable, HERE / "peers" / "loopwright_home.py", models / ".loopwright"], check=True)
        found: dict[str, list[Round]] = {}
        for _ in range(given.rounds):
            port = free_ports()
            for name, server in servers(port, models).items():
                if given.only and not any(part.lower() in name.lower() for part in given.only):
                    continue
                if not Path(server.command[0]).exists():
                    print(f"{name}: not installed (--install)", file=sys.stderr)
                    continue
                found.setdefault(name, []).append(one_round(server, port, given.seconds))
                print(f"{name}: {found[name][-1].by_connections[64].rate:,.0f} requests/s at 64", file=sys.stderr)
    print(table(found))


if __name__ == "__main__":
    main()
