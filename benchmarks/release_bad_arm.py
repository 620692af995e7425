"""How fast a bad arm loses its traffic, and how many callers notice: errors, slowness, wrong answers, at a steady load.

`python benchmarks/release_bad_arm.py [--rate 1000] [--seconds 60] [--kinds errors,slow,wrong]`

For each kind a real `loopwright up` serves a champion and a candidate at 50 %. The candidate is as good as the champion
until the traffic changes, and bad from then on: it raises, it sleeps for two seconds, or it answers the opposite.
Labels come by feedback, a moment after each answer. Printed: from the first bad answer until no request touches the
candidate any more, how many of its answers were bad, and failed client requests. Server, load and labels share this
machine.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl

from loopwright.app.releases.view import find_release
from loopwright.app.servers import free_ports
from loopwright.app.workspace import open_workspace

LOOP = '''"""A loop whose candidates are bad on one kind of row that training never saw."""

import time

import loopwright as lw
from sklearn.linear_model import LogisticRegression

table = lw.Dataset("table", source="data/*.csv", key="id")


def raising(model: LogisticRegression, columns: lw.Columns) -> lw.Columns:
    if (columns["n"] == 7).any():
        raise ValueError("never seen")
    return lw.predict(model, columns)


def sleeping(model: LogisticRegression, columns: lw.Columns) -> lw.Columns:
    if (columns["n"] == 7).any():
        time.sleep(2)
    return lw.predict(model, columns)


def opposite(model: LogisticRegression, columns: lw.Columns) -> lw.Columns:
    score = dict(lw.predict(model, columns))["score"]
    return {"score": (1 - score) * (columns["n"] == 7) + score * (columns["n"] != 7)}


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength).fit(rows.features, rows.label)


@lw.pipeline
def fit(strength: float = 1.0) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, strength), holdout)


loop = lw.Loop(
    "small",
    pipeline=fit,
    gate=[lw.at_least("roc_auc", 0.6)],
    release=lw.Canary(steps=[50, 100], min_time="1h"),
)
'''
KINDS = {"errors": "raising", "slow": "sleeping", "wrong": "opposite"}
LABELS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: when it came (monotonic seconds), its status, who gave it for whom, and whether the row was odd."""

    at: float
    status: int
    arm: str
    fallback_from: str | None
    odd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one bad arm."""

    kind: str
    requests: int
    failed: int
    bad: int
    to_zero_ms: float | None
    outcome: str
    p99_ms: float


@dataclass(slots=True, kw_only=True)
class SteadyLoad:
    """Asks at a fixed rate on kept-alive connections until told to stop; every request is accounted for."""

    port: int
    rate: float
    connections: int = 32
    odd: bool = False
    stopped: bool = False
    answers: list[Answer] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    lost: int = 0
    labels: list[dict[str, Any]] = field(default_factory=list)
    _sent: int = 0

    async def run(self) -> None:
        """Ask until `stopped`."""
        start = time.monotonic()
        await asyncio.gather(*(self._connection(start) for _ in range(self.connections)))

    async def _connection(self, start: float) -> None:
        reader = writer = None
        while not self.stopped:
            number = self._sent
            self._sent += 1
            await asyncio.sleep(max(0.0, start + number / self.rate - time.monotonic()))
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                await self._ask(reader, writer, number)
            except (OSError, asyncio.IncompleteReadError):
                self.lost += 1
                writer = None
        if writer is not None:
            writer.close()

    async def _ask(self, reader: Any, writer: Any, number: int) -> None:
        x, odd = ((number * 37) % 400 - 200) / 100, self.odd
        body = json.dumps({"id": number, "x": x, "n": 7 if odd else number % 7}).encode()
        head = (
            "POST /predict/small HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        writer.write(head.encode() + body)
        said = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in said.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        content = json.loads(await reader.readexactly(length))
        now = time.monotonic()
        self.took_s.append(now - began)
        self.answers.append(
            Answer(
                at=now,
                status=int(said.split(b" ", 2)[1]),
                arm=str(content.get("arm")),
                fallback_from=content.get("fallback_from"),
                odd=odd,
            )
        )
        if "request_id" in content:
            self.labels.append({"request_id": content["request_id"], "value": x > 0})


async def send_labels(load: SteadyLoad, port: int, token: str) -> None:
    """Give every answer its label."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        while not load.stopped:
            await asyncio.sleep(LABELS_EVERY_S)
            labels, load.labels = load.labels, []
            if labels:
                body = {"endpoint": "small", "labels": labels}
                await client.post("/feedback", json=body, headers={"authorization": f"Bearer {token}"})


def make_project(folder: Path) -> None:
    """A project with a champion."""
    (folder / "data").mkdir(parents=True)
    rng = np.random.default_rng(0)
    x = rng.normal(size=3000)
    rows = {"id": range(3000), "x": x, "n": rng.integers(0, 7, 3000), "y": x + rng.normal(0, 0.4, 3000) > 0}
    pl.DataFrame(rows).write_csv(folder / "data" / "rows.csv")
    write_loop(folder, None)
    command(folder, "run")


def write_loop(folder: Path, function: str | None) -> None:
    """The loop file, with a candidate that predicts by this function of its own."""
    text = LOOP if function is None else LOOP.replace("strength), holdout)", f"strength), holdout, predict={function})")
    (folder / "loop.py").write_text(text)


def command(folder: Path, *words: str) -> Any:
    """`loopwright …` in a process of its own; its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "loopwright.cli.main", *words, "--json"], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return json.loads(done.stdout)


async def measure(folder: Path, kind: str, *, rate: float, longest_s: float = 30.0, warm_s: float = 2.0) -> Outcome:
    """Release a candidate of this kind under load, let it become bad, and see what happens."""
    token, port = (folder / ".loopwright" / "token").read_text().strip(), free_ports()
    up = subprocess.Popen(
        [sys.executable, "-m", "loopwright.cli.main", "up", "--port", str(port), "--supervised"],
        cwd=folder,
        stdin=subprocess.PIPE,
    )
    load = SteadyLoad(port=port, rate=rate)
    try:
        await _ready(port)
        write_loop(folder, KINDS[kind])
        release = await asyncio.to_thread(command, folder, "run", "--set", f"strength={2 + list(KINDS).index(kind)}")
        release_id = release["judged"]["release"]
        await _candidate_up(folder)
        tasks = [asyncio.create_task(load.run()), asyncio.create_task(send_labels(load, port + 1, token))]
        await asyncio.sleep(warm_s)
        load.odd = True
        ended = await _until_ended(folder, release_id, longest_s)
        await asyncio.sleep(2.0)
        load.stopped = True
        await asyncio.gather(*tasks)
    finally:
        up.send_signal(signal.SIGTERM)
        await asyncio.to_thread(up.wait, 30)
    return outcome_of(kind, load, ended)


def outcome_of(kind: str, load: SteadyLoad, ended: str) -> Outcome:
    """The figures of one run."""
    touched = [a for a in load.answers if "candidate" in (a.arm, a.fallback_from)]
    bad = [a for a in touched if a.odd and (a.fallback_from is not None or kind == "wrong")]
    last = touched[-1].at if touched else None
    took = sorted(load.took_s)
    return Outcome(
        kind=kind,
        requests=len(load.answers),
        failed=load.lost + sum(a.status != 200 for a in load.answers),
        bad=len(bad),
        to_zero_ms=(last - bad[0].at) * 1000 if bad and last is not None else None,
        outcome=ended,
        p99_ms=took[int(len(took) * 0.99)] * 1000 if took else float("nan"),
    )


async def _ready(port: int) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            try:
                if (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                    await client.get(f"http://127.0.0.1:{port + 1}/health/live")
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError("`loopwright up` did not become ready")


async def _candidate_up(folder: Path) -> None:
    workspace = open_workspace(folder)
    try:
        for _ in range(300):
            leases = [
                lease.data for lease in workspace.stores.ledger.search("lease", where={"role": "worker"}, limit=9)
            ]
            if any(lease["arms"].get("small", {}).get("candidate") == "ready" for lease in leases):
                return
            await asyncio.sleep(0.1)
    finally:
        workspace.close()
    raise TimeoutError("the candidate did not come up")


async def _until_ended(folder: Path, release: str, longest_s: float) -> str:
    workspace = open_workspace(folder)
    try:
        until = time.monotonic() + longest_s
        while time.monotonic() < until:
            found = find_release(workspace, release)
            if found.state.status != "running":
                return f"{found.state.status}: {found.steps[-1].reasons[0]}"
            await asyncio.sleep(0.05)
        return f"running: {'; '.join(find_release(workspace, release).reasons)}"
    finally:
        workspace.close()


def main() -> None:
    """Measure each kind and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    print("| bad arm | requests | first bad answer to zero, ms | bad answers | failed client requests | p99 ms | end |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        make_project(folder)
        for kind in options.kinds.split(","):
            found = asyncio.run(measure(folder, kind, rate=options.rate, longest_s=options.seconds))
            zero = "–" if found.to_zero_ms is None else f"{found.to_zero_ms:,.0f}"
            print(
                f"| {kind} | {found.requests:,} | {zero} | {found.bad:,} | {found.failed} | {found.p99_ms:.1f} "
                f"| {found.outcome} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
