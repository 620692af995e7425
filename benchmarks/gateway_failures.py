"""An upstream that fails one call in five, behind the gateway: how many calls are answered, and how much later.

`python benchmarks/gateway_failures.py [--calls 4000] [--at-once 16] [--share 0.2] [--fault 500]`

The upstream is a process of its own that answers after 20 ms. The same calls are made of it directly while it fails
none, and through one worker of the gateway, with two retries and the defaults of everything else, while it fails.
Every call was logged before its answer (survives a kill of the process; no fdatasync). All share this machine's cores.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import uvloop

from loopwright.core.clock import SystemClock
from loopwright.core.codec import canonical, plain
from loopwright.core.environment import child_environment
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.errors import UpstreamError
from loopwright.formats.value import put_value
from loopwright.llm.application import Application
from loopwright.llm.http.patience import Patience
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.provider import HttpAsk
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.release.routing import Arms
from loopwright.store.ledger import Record
from loopwright.store.open_stores import create_home, open_stores
from loopwright.testing.upstream_child import ChildUpstream

ENDPOINT = "answers"
SIGNATURE = Signature(task="generation", request=(Column(name="messages", kind="string"),), features=(), label="answer")
PATIENCE = Patience(connect_s=5.0, first_s=60.0, between_s=60.0)
LATE = "late=0.02"


@dataclass
class Made:
    """What became of the calls."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def quantile_ms(self, share: float) -> float:
        """Of the answered calls."""
        return float(np.quantile(self.seconds, share)) * 1000


def home_with(path: Path, upstream: Upstream) -> str:
    """A home whose one endpoint goes to an upstream; its token."""
    create_home(path, ids=random_id, clock=SystemClock())
    stores = open_stores(path, clock=SystemClock(), ids=random_id)
    application = Application(route=Route(upstreams=(upstream,)))
    parts = {"application": put_value(stores.blobs, plain(canonical(application)))}
    manifest = Manifest(
        kind="application", parts=parts, entry="application", signature=SIGNATURE,
        example=dict(plain(canonical(application.example))),
    )  # fmt: skip
    arms = Arms.only_champion(ENDPOINT, put_bundle(stores.blobs, manifest))
    record = Record(kind="arms", id="arms-1", data=arms.to_json())
    stores.ledger.commit(moves={f"default/endpoint/{ENDPOINT}@arms": "arms-1"}, records=[record])
    stores.close()
    return (path / "token").read_text().strip()


def start_worker(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """One worker of the gateway, and where it answers."""
    command = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home), "--name", "worker-1"]
    command += ["--endpoint", ENDPOINT, "--port", "0", "--supervised"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, env=child_environment())
    about = home / "run" / "worker-1.json"
    while not about.exists():
        assert worker.poll() is None, "the worker ended"
        time.sleep(0.05)
    return worker, f"http://127.0.0.1:{json.loads(about.read_text())['port']}/v1"


async def made(url: str, model: str, *, calls: int, at_once: int, token: str = "") -> Made:
    """Make calls, so many at once."""
    told, left = Made(), iter(range(calls))
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})

    async def one(pool: HttpPool) -> None:
        for number in left:
            body = {"model": model, "messages": [{"role": "user", "content": f"call {number}"}], "max_tokens": 16}
            ask = HttpAsk(path="/chat/completions", body=json.dumps(body).encode(), headers=headers)
            began = time.perf_counter()
            try:
                answer = await pool.fetch(url, ask, patience=PATIENCE)
            except UpstreamError as error:
                told.statuses[str(error.context["cause"])] += 1
                continue
            told.statuses[str(answer.status)] += 1
            if answer.status == 200:
                told.seconds.append(time.perf_counter() - began)

    async with HttpPool() as pool:
        await asyncio.gather(*(one(pool) for _ in range(at_once)))
    return told


async def ready(url: str, token: str) -> None:
    """Wait until the worker answers a call."""
    while "200" not in (await made(url, ENDPOINT, calls=1, at_once=1, token=token)).statuses:
        await asyncio.sleep(0.1)


def measured(given: argparse.Namespace) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ChildUpstream(fault=LATE) as upstream:
        home = Path(folder) / ".loopwright"
        token = home_with(home, Upstream(name="main", url=upstream.url, model="tiny"))
        worker, url = start_worker(home)
        try:
            uvloop.run(ready(url, token))
            rows = {
                "upstream alone, failing none": uvloop.run(
                    made(upstream.url, "tiny", calls=given.calls, at_once=given.at_once)
                )
            }
            rows["gateway, upstream failing none"] = uvloop.run(
                made(url, ENDPOINT, calls=given.calls, at_once=given.at_once, token=token)
            )
            upstream.fail(f"{given.fault}@{given.share} {LATE}")
            rows[f"gateway, upstream failing {given.share:.0%}"] = uvloop.run(
                made(url, ENDPOINT, calls=given.calls, at_once=given.at_once, token=token)
            )
            failed = upstream.counts[f"fault:{given.fault}"]
        finally:
            worker.terminate()
            worker.wait(timeout=20)
    alone = next(iter(rows.values()))
    print(f"{given.calls} calls, {given.at_once} at once; the upstream failed {failed} times")
    print(f"{'':34}  answered   p50 ms   p99 ms   p99 over the upstream's")
    for name, told in rows.items():
        answered = len(told.seconds) / given.calls
        over = told.quantile_ms(0.99) - alone.quantile_ms(0.99)
        print(f"{name:34}  {answered:8.2%} {told.quantile_ms(0.5):8.1f} {told.quantile_ms(0.99):8.1f} {over:8.1f}")
        if answered < 1:
            print(f"{'':34}  {dict(told.statuses)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--fault", default="500")
    measured(parser.parse_args())
