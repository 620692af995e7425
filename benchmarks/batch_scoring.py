"""Rows a second of `loopwright predict` on Parquet, against the model's own bulk predict; and memory over rows.

`python benchmarks/batch_scoring.py [--rows 1000000 10000000] [--rounds 3]`

The model: LightGBM, 100 trees of 31 leaves, 20 features with bounds. Its own rate is `Booster.predict` on a matrix that
lies in memory, on all cores; ours is everything from the files to the files: reading, the contract checked row by row,
scoring, writing one answer a row. Rounds alternate, medians are printed. The CPU columns say the same on a machine that
does other work too. Durability: every part's file is on the device
(fsync) before it counts as done.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from lightgbm import Booster, LGBMClassifier

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.registry.alias import AliasMove, move_alias
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.registry.version import Provenance, register_version
from loopwright.store.open_stores import create_home, open_stores

FEATURES = 20
FILE_ROWS = 1_000_000


def project_with_model(folder: Path) -> Booster:
    """A project whose home has one model with a champion, `bench`."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50_000, FEATURES))
    model = LGBMClassifier(n_estimators=100, num_leaves=31, verbose=-1).fit(x, x[:, 0] * x[:, 1] + x[:, 2] > 0)
    create_home(folder / ".loopwright", ids=random_id, clock=SystemClock())
    stores = open_stores(folder / ".loopwright", clock=SystemClock(), ids=random_id)
    features = tuple(Column(name=f"f{n}", kind="float", minimum=-50, maximum=50) for n in range(FEATURES))
    signature = Signature(
        task="binary",
        request=(Column(name="id", kind="int"), *features),
        features=features,
        classes=(False, True),
        key="id",
    )
    manifest = Manifest(
        kind="model", parts={"model": put_value(stores.blobs, model)}, entry="model", signature=signature, example={}
    )
    version = put_bundle(stores.blobs, manifest)
    register_version(stores.ledger, name="bench", digest=version, provenance=Provenance())
    move_alias(stores.ledger, AliasMove(name="bench", to=version, expect=None, reason="benchmark"))
    stores.close()
    return model.booster_


def table(folder: Path, rows: int) -> None:
    """Parquet files of a million rows."""
    folder.mkdir()
    for number in range(-(-rows // FILE_ROWS)):
        count = min(FILE_ROWS, rows - number * FILE_ROWS)
        rng = np.random.default_rng(number)
        columns = {f"f{n}": rng.normal(size=count) for n in range(FEATURES)}
        frame = pl.DataFrame({"id": np.arange(count) + number * FILE_ROWS, **columns})
        frame.write_parquet(folder / f"{number:04}.parquet", statistics=False)


def own_rate(booster: Booster, rows: int = FILE_ROWS) -> tuple[float, float]:
    """Rows a second, and CPU microseconds a row, of the model's own predict on a matrix in memory."""
    matrix = np.random.default_rng(1).normal(size=(rows, FEATURES))
    began, used = time.perf_counter(), time.process_time()
    booster.predict(matrix, num_threads=os.cpu_count())
    return rows / (time.perf_counter() - began), (time.process_time() - used) / rows * 1e6


def ours(project: Path, given: Path, out: Path) -> tuple[dict[str, object], float, float, float]:
    """The summary of one run of the command, the whole command's seconds and CPU seconds, its peak of memory in MB."""
    shutil.rmtree(out, ignore_errors=True)
    command = [
        sys.executable, "-m", "loopwright.cli.main", "predict", "--project", str(project), "--model", "bench@champion",
        f"{given}/", f"{out}/", "--overwrite", "--json",
    ]  # fmt: skip
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=project)
    peak = [0]
    watching = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
    watching.start()
    said, _ = process.communicate()
    seconds, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    if process.returncode:
        raise SystemExit(said.decode())
    return json.loads(said), seconds, cpu, peak[0] / 1e6


def _watch(pid: int, peak: list[int]) -> None:
    try:
        process = psutil.Process(pid)
        while True:
            peak[0] = max(peak[0], process.memory_info().rss)
            time.sleep(0.02)
    except psutil.Error:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(
        f"{'rows':>12} {'own rows/s':>11} {'ours rows/s':>11} {'ratio':>6} {'own CPU µs':>11} {'ours CPU µs':>11}"
        f" {'ratio':>6} {'whole s':>8} {'peak MB':>8}"
    )
    with tempfile.TemporaryDirectory(prefix="loopwright-batch-") as scratch:
        project = Path(scratch)
        booster = project_with_model(project)
        for rows in given.rows:
            table(project / f"in-{rows}", rows)
            measured = []
            for _ in range(given.rounds):
                own, own_cpu = own_rate(booster)
                summary, seconds, cpu, peak = ours(project, project / f"in-{rows}", project / "out")
                assert summary["scored"] == rows
                measured.append((own, rows / float(str(summary["seconds"])), own_cpu, cpu / rows * 1e6, seconds, peak))
            own, rate, own_cpu, our_cpu, whole, _ = (
                statistics.median(column) for column in zip(*measured, strict=True)
            )
            print(
                f"{rows:>12,} {own:>11,.0f} {rate:>11,.0f} {rate / own:>6.2f} {own_cpu:>11.2f} {our_cpu:>11.2f}"
                f" {own_cpu / our_cpu:>6.2f} {whole:>8.1f} {max(row[-1] for row in measured):>8.0f}",
                flush=True,
            )
            shutil.rmtree(project / f"in-{rows}")


if __name__ == "__main__":
    main()
