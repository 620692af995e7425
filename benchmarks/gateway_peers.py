"""The gateway beside those that people use today: the same upstream, the same load, one run.

`python benchmarks/gateway_peers.py [--install] [--only NAME …] [--seconds 4] [--rounds 3]`

A chat completion of 50 tokens at most over a local upstream that answers at once (a process of its own), wrk with 1, 16
and 64 connections, gateways one after another, in rounds; medians are printed. Every request asks something else, so
that no cache answers it. What a gateway adds is its median latency less the upstream's own, asked directly. The first
streamed token is taken by a client of raw sockets. Peers have environments of their own under `benchmarks/.peers`
(`--install` makes them, and compiles LiteLLM's files first).
"""

import argparse
import asyncio
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from serving_peers import free_ports
from wrk_load import Figures, ended, measured, rss_mb, until_answered

HERE = Path(__file__).resolve().parent
PEERS = HERE / ".peers"
CONNECTIONS = (1, 16, 64)
STREAMS = (1, 16)
QUESTION = "Say in a few words how a canary release works."
PATH = "/v1/chat/completions"
PORTKEY = Path("node_modules/@portkey-ai/gateway/build/start-server.js")
MASTER_KEY = "sk-" + "5e7c19d2a84b" * 3
LITELLM = """
model_list:
  - model_name: tiny
    litellm_params: {{model: openai/tiny, api_base: "{url}", api_key: none}}
litellm_settings: {{drop_params: true}}
"""
HOME = """
import sys
from pathlib import Path
from loopwright.app.budgets.declare import set_budget
from loopwright.app.budgets.pricing import set_price
from loopwright.app.arms import move_arms
from loopwright.app.applications.bundle import manifest_of_application
from loopwright.app.workspace import open_workspace
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.application import Application
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.guards.declarations import personal_data
from loopwright.llm.prices.price import Price
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import put_bundle
from loopwright.release.routing import Arms

project, url, everything = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "all"
workspace = open_workspace(project, create=True)
route = Route(upstreams=(Upstream(name="local", url=url, model="tiny"),))
extras = {"guards": (personal_data(direction="in"),), "cache": CachePolicy(exact_s=60.0)} if everything else {}
manifest = manifest_of_application(workspace, Application(route=route, **extras), index=None, made={})
move_arms(workspace, Arms.only_champion("tiny", put_bundle(workspace.stores.blobs, manifest)), events=[])
if everything:
    set_price(workspace, Price(provider="openai", model="tiny", input="0.15", output="0.6", source="a benchmark"))
    set_budget(workspace, Budget(name="all", limit=10**15, unit="usd", every="total"))
workspace.close()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How one gateway is started, and how it is asked."""

    name: str
    command: Sequence[str]
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One gateway in one round: wrk's figures, the medians of first tokens in ms, how it starts and stands idle."""

    by_connections: Mapping[int, Figures]
    first_ms: Mapping[int, float]
    ready_s: float
    idle_mb: float


def body(stream: bool = False) -> dict[str, object]:
    """What is asked; wrk puts another number in each time."""
    messages = [{"role": "user", "content": f"{QUESTION} (NUMBER)"}]
    return {"model": "tiny", "messages": messages, "max_tokens": 50} | ({"stream": True} if stream else {})


def script(headers: Mapping[str, str]) -> str:
    """wrk's script: every request with a number of its own."""
    text = json.dumps(body())
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    return "\n".join([
        "local number = 0", 'wrk.headers["Content-Type"] = "application/json"', *lines, f"local text = [==[{text}]==]",
        "request = function()", "  number = number + 1",
        '  return wrk.format("POST", nil, nil, (text:gsub("NUMBER", number)))', "end",
    ])  # fmt: skip


async def first_tokens(port: int, headers: Mapping[str, str], *, connections: int, seconds: float) -> float:
    """Median milliseconds to the first event of a stream; not a number where there is none."""
    found: list[float] = []
    until = time.perf_counter() + seconds
    said = json.dumps(body(stream=True)).replace("NUMBER", "%d")

    async def ask(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            number += connections
            text = (said % number).encode()
            lines = {"host": "127.0.0.1", "content-type": "application/json", "content-length": len(text), **headers}
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            began = time.perf_counter()
            writer.write(f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + text)
            try:
                await reader.readuntil(b"data:")
                found.append(time.perf_counter() - began)
                await reader.readuntil(b"[DONE]\n\n")
                await reader.readuntil(b"0\r\n\r\n")
            except asyncio.IncompleteReadError:  # it answered with an error, and hung up
                break
        writer.close()

    await asyncio.gather(*(ask(number) for number in range(connections)))
    return 1e3 * statistics.median(found) if found else math.nan


def gateways(port: int, upstream: int, folder: Path) -> list[Server]:
    """Every gateway, listening on `port`."""
    url = f"http://127.0.0.1:{upstream}/v1"
    worker = (sys.executable, "-m", "loopwright.web.worker", "--endpoint", "tiny", "--port", str(port), "--home")
    config = folder / "litellm.yaml"
    config.write_text(LITELLM.format(url=url))
    portkey = {
        "x-portkey-provider": "openai", "x-portkey-custom-host": url, "Authorization": "Bearer none"
    }  # fmt: skip
    made = []
    for name, what in (("plain", "plain"), ("everything on", "all")):
        project = folder / what
        if not project.exists():
            project.mkdir()
            subprocess.run([sys.executable, "-c", HOME, project, url, what], check=True)
        token = (project / ".loopwright" / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"} if what == "all" else {}
        command = (*worker, str(project / ".loopwright"))
        made.append(Server(name=f"Loopwright, {name}", command=command, port=port, headers=headers))
    litellm = PEERS / "litellm" / "bin" / "litellm"
    node = shutil.which("node") or "node"
    made += [
        Server(
            name="LiteLLM proxy", command=(str(litellm), "--config", str(config), "--port", str(port)), port=port,
            headers={"Authorization": f"Bearer {MASTER_KEY}"},
            environment={
                "LITELLM_TELEMETRY": "False", "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_MASTER_KEY": MASTER_KEY,
            },
        ),
        Server(
            name="Portkey", command=(node, str(PEERS / "portkey" / PORTKEY), f"--port={port}", "--headless"),
            port=port, headers=portkey, environment={"TRUSTED_CUSTOM_HOSTS": "localhost,127.0.0.1"},
        ),
    ]  # fmt: skip
    return made


def one_round(server: Server, seconds: float) -> Round:
    """Start it, load it, end it."""
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            server.command, env={**os.environ, **server.environment}, stdout=log, stderr=log, start_new_session=True
        )
        process = psutil.Process(started.pid)
        try:
            return _loaded(server, process, seconds)
        finally:
            ended(process)
            started.wait()


def _loaded(server: Server, process: psutil.Process, seconds: float) -> Round:
    url = f"http://127.0.0.1:{server.port}{PATH}"
    ready_s = until_answered(url, json.dumps(body()).encode(), headers=server.headers)
    idle_mb = rss_mb(process)
    load = script(server.headers)
    measured(process, url, b"", connections=16, seconds=1.0, script=load)  # warm
    found = {c: measured(process, url, b"", connections=c, seconds=seconds, script=load) for c in CONNECTIONS}
    first = {
        c: asyncio.run(first_tokens(server.port, server.headers, connections=c, seconds=seconds / 2)) for c in STREAMS
    }
    return Round(by_connections=found, first_ms=first, ready_s=ready_s, idle_mb=idle_mb)


def install() -> None:
    """Make the peers' environments: LiteLLM's with uv, Portkey's with npm."""
    uv = str(Path(sys.executable).with_name("uv"))
    python = PEERS / "litellm" / "bin" / "python"
    subprocess.run(
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, python.parents[1]], check=True
    )
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "litellm[proxy]"], check=True)
    subprocess.run([python, "-m", "compileall", "-q", python.parents[1] / "lib"], check=False)
    (PEERS / "portkey").mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "@portkey-ai/gateway"], cwd=PEERS / "portkey", check=True)


def table(found: Mapping[str, Sequence[Round]]) -> str:
    """Medians over the rounds, as Markdown; what is added is against the upstream asked directly."""
    direct = found["the upstream itself"]
    lines = [
        "| | CPU a request, µs | requests/s at 1 / 16 / 64 | added p50 ms at 1 / 16 | first token, added ms at 1 / 16 "
        "| idle MB | ready s | failed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, rounds in found.items():
        rates = {c: statistics.median(r.by_connections[c].rate for r in rounds) for c in CONNECTIONS}
        p50, base = ({c: _median(of, c) for c in STREAMS} for of in (rounds, direct))
        first, first_base = (
            {c: statistics.median(r.first_ms[c] for r in of) for c in STREAMS} for of in (rounds, direct)
        )
        failed = sum(figures.failed for r in rounds for figures in r.by_connections.values())
        lines.append(
            f"| {name} | {statistics.median(r.by_connections[16].cpu_us for r in rounds):,.0f} "
            f"| {' / '.join(f'{rates[c]:,.0f}' for c in CONNECTIONS)} "
            f"| {' / '.join(f'{p50[c] - base[c]:.2f}' for c in STREAMS)} "
            f"| {' / '.join(f'{first[c] - first_base[c]:.2f}' for c in STREAMS)} "
            f"| {statistics.median(r.idle_mb for r in rounds):,.0f} "
            f"| {statistics.median(r.ready_s for r in rounds):.1f} | {failed} |"
        )
    return "\n".join(lines)


def _median(rounds: Sequence[Round], connections: int) -> float:
    return statistics.median(r.by_connections[connections].p50_ms for r in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true", help="make the peers' environments first")
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names to run")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.install:
        install()
    port = free_ports()
    command = (sys.executable, "-m", "loopwright.testing.upstream_server", "--port")
    with tempfile.TemporaryDirectory() as folder:
        upstream = subprocess.Popen([*command, str(port + 1)], stdout=subprocess.DEVNULL)
        until_answered(f"http://127.0.0.1:{port + 1}{PATH}", json.dumps(body()).encode())
        found: dict[str, list[Round]] = {}
        try:
            for _ in range(given.rounds):
                itself = Server(name="the upstream itself", command=(), port=port + 1)
                rounds = _loaded(itself, psutil.Process(upstream.pid), given.seconds)
                found.setdefault(itself.name, []).append(rounds)
                for server in gateways(port, port + 1, Path(folder)):
                    if given.only and not any(part.lower() in server.name.lower() for part in given.only):
                        continue
                    if not Path(server.command[0]).exists():
                        print(f"{server.name}: not installed (--install)", file=sys.stderr)
                        continue
                    found.setdefault(server.name, []).append(one_round(server, given.seconds))
                    rate = found[server.name][-1].by_connections[16].rate
                    print(f"{server.name}: {rate:,.0f} requests/s at 16", file=sys.stderr)
        finally:
            upstream.terminate()
            upstream.wait()
    print(table(found))


if __name__ == "__main__":
    main()
