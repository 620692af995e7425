"""What one look of the release controller costs as the request log grows: it must not.

`python benchmarks/release_evidence.py [--rows 100000,1000000]`

A release has been under way for so many logged requests of 20 features. Then, look by look, 500 more requests and 50
labels of earlier requests of any age come in. Printed: median and greatest time of a look, and of the first look of a
process that was started anew. Durability as in production (SQLite, one Parquet segment a sealing).
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from loopwright.app.loop_file import load_loop
from loopwright.app.releases.control import ReleaseController
from loopwright.app.releases.running import RunningRelease, running_release
from loopwright.app.run import run_loop
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND
from loopwright.observations.arm_stats import BUCKET_BOUNDS_US
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.testing.clocks import ManualClock

FEATURES = [f"f{number}" for number in range(20)]
LOOP = f'''"""A loop with 20 features."""

import loopwright as lw
from sklearn.linear_model import LogisticRegression

table = lw.Dataset("table", source="data/*.csv", key="id")


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength).fit(rows.features, rows.label)


@lw.pipeline
def fit(strength: float = 1.0) -> lw.Candidate:
    rows = lw.training_set(table, features={FEATURES!r}, label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, strength), holdout)


loop = lw.Loop(
    "small", pipeline=fit, gate=[lw.at_least("roc_auc", 0.6)], release=lw.Canary(steps=[50, 100], min_time="10d")
)
'''
BATCH = 20_000
LOOK_ROWS, LOOK_LABELS = 500, 50


class World:
    """A release under way, and the requests that it gets."""

    def __init__(self, folder: Path) -> None:
        (folder / "data").mkdir(parents=True)
        rng = np.random.default_rng(0)
        columns = {name: rng.normal(size=3000) for name in FEATURES}
        noise = rng.normal(0, 0.4, 3000)
        pl.DataFrame({"id": range(3000), **columns, "y": columns["f0"] + noise > 0}).write_csv(
            folder / "data" / "a.csv"
        )
        (folder / "loop.py").write_text(LOOP)
        opened = open_workspace(folder, create=True)
        self.clock = ManualClock(opened.clock.now())
        self.workspace: Workspace = dataclasses.replace(opened, clock=self.clock)
        for strength in (1.0, 2.0):
            run_loop(self.workspace, load_loop(folder / "loop.py", folder), parameters={"strength": strength})
        release = running_release(self.workspace, "small")
        assert release is not None
        self.release: RunningRelease = release
        self._rng = rng
        self.sent = 0

    def ask(self, rows: int) -> None:
        """Requests of both arms, 1,000 a second."""
        values = self._rng.normal(size=(rows, len(FEATURES))).tolist()
        made, start = [], self.clock.now()
        for place, row in enumerate(values):
            arm, version = (
                ("champion", self.release.plan.champion) if place % 2 else ("candidate", self.release.plan.candidate)
            )
            at = start + place * 1000
            made.append(
                RequestRow(
                    request_id=f"{self.sent + place:032x}", at=at, event_time=at, endpoint="small", arm=arm,
                    version=version, release=self.release.id, key=str(self.sent + place),
                    inputs=dict(zip(FEATURES, row, strict=True)), output={"prediction": True, "score": 0.6}, score=0.6,
                )
            )  # fmt: skip
        RequestLog(self.workspace.stores.tables).append(made)
        self._count(start, rows)
        self.sent += rows
        self.clock.sleep(rows / 1000)

    def _count(self, start: int, rows: int) -> None:
        buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
        seconds = max(1, rows // 1000)
        stats: list[dict[str, Any]] = []
        for second in range(seconds):
            for arm in ("champion", "candidate"):
                counts = buckets.copy()
                counts[10] = rows // seconds // 2
                stats.append(
                    {"worker": "w", "endpoint": "small", "release": self.release.id, "arm": arm, "requests": counts[10],
                     "at": (start // SECOND + second) * SECOND, "errors": 0, "timeouts": 0, "crashes": 0,
                     "latency_us_buckets": counts}
                )  # fmt: skip
        self.workspace.stores.tables.append("arm_stats", stats)

    def label(self, labels: int) -> None:
        """Labels of requests of any age."""
        now = self.clock.now()
        about = self._rng.integers(0, self.sent, labels).tolist()
        append_labels(
            self.workspace.stores.tables,
            [
                LabelRow(endpoint="small", value=True, event_time=now, at=now, source="f", request_id=f"{number:032x}")
                for number in about
            ],
        )

    def seal(self) -> None:
        for table in ("requests", "labels", "arm_stats"):
            self.workspace.stores.tables.seal(table)


def measure(rows: int) -> tuple[float, float, float]:
    """First, median and greatest time of a look after so many requests, in ms."""
    with tempfile.TemporaryDirectory() as scratch:
        world = World(Path(scratch) / "project")
        for start in range(0, rows, BATCH):
            world.ask(min(BATCH, rows - start))
            world.seal()
        world.clock.sleep(60)
        controller = ReleaseController(world.workspace)
        first = timed(controller)  # reads what an earlier process would have read
        controller = ReleaseController(world.workspace)
        restarted = timed(controller)
        times = []
        for number in range(15):
            world.ask(LOOK_ROWS)
            world.label(LOOK_LABELS)
            if number % 5 == 4:
                world.seal()
            world.clock.sleep(2)
            times.append(timed(controller))
        sys.modules.pop("loop", None)
        print(f"  (a look that takes in all {rows:,} requests at once: {first:,.0f} ms)", file=sys.stderr)
        release = running_release(world.workspace, "small")
        assert release is not None
        assert release.state.labels > 0, "no label was compared"
        return restarted, statistics.median(times), max(times)


def timed(controller: ReleaseController) -> float:
    start = time.perf_counter()
    controller.step("small")
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Measure for each size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="10000,100000,1000000")
    options = parser.parse_args()
    print("| requests in the release | first look after a restart, ms | a look, median ms | greatest ms |")
    print("|---|---|---|---|")
    for text in options.rows.split(","):
        restarted, median, most = measure(int(text))
        print(f"| {int(text):,} | {restarted:,.0f} | {median:,.1f} | {most:,.1f} |", flush=True)


if __name__ == "__main__":
    main()
