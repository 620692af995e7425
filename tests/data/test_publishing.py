"""A landing killed at any point leaves the old version or the new one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from loopwright.core.ids import random_id
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land_frame
from loopwright.data.parts import current
from loopwright.data.publishing import parquet_bytes
from loopwright.data.versions import read
from loopwright.store.open_stores import Stores, open_stores
from loopwright.testing.clocks import ManualClock

KEYED = Dataset("d", key="id")
ROWS = 20_000
LANDER = """
import sys
from pathlib import Path
import polars as pl
from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land_frame
from loopwright.store.open_stores import open_stores
stores = open_stores(Path(sys.argv[1]), clock=SystemClock(), ids=random_id)
print("ready", flush=True)
for number in range(1, 10_000):
    frame = pl.DataFrame({"id": range(20_000), "x": [number] * 20_000})
    landing = land_frame(stores, Dataset("d", key="id"), frame, clock=SystemClock())
    print(number, flush=True)
"""


def test_the_same_frame_is_the_same_bytes() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    assert parquet_bytes(frame) == parquet_bytes(frame.clone())


def test_the_version_and_its_event_are_one_commit(stores: Stores, clock: ManualClock) -> None:
    landing = land_frame(stores, KEYED, pl.DataFrame({"id": [1]}), clock=clock, known_at=3)
    (move,) = stores.ledger.history("default/dataset/d@latest")
    assert (move.target, move.seq) == (landing.version, landing.event)
    data = stores.ledger.read()[0].data
    assert (data["rows"], data["known_at"], data["previous"]) == (1, 3, None)


@pytest.mark.parametrize("process", range(4))
def test_a_kill_leaves_a_whole_version(stores: Stores, clock: ManualClock, tmp_path: Path, process: int) -> None:
    stores.close()
    acknowledged = 0
    for point in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", LANDER, str(stores.home)], stdout=subprocess.PIPE, text=True, cwd=tmp_path
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        os.set_blocking(child.stdout.fileno(), True)
        # somewhere within the first landings; each takes a few milliseconds
        child_wait = (process * 5 + point) * 0.0023
        try:
            child.wait(timeout=child_wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        said = [int(line) for line in child.stdout.read().split()]
        child.wait()
        acknowledged = check_home(stores.home, clock, said, acknowledged)


def check_home(home: Path, clock: ManualClock, said: list[int], before: int) -> int:
    """The home opens, its journal is whole, and what was acknowledged is there; returns how many landings it holds."""
    opened = open_stores(home, clock=clock, ids=random_id)
    version = current(opened, "d")
    events = opened.ledger.read()
    landings = len(version.parts) if version else 0
    assert len(events) == landings
    if version is not None:
        frame = read(opened, "d")
        assert frame.height == ROWS
        assert frame["x"].n_unique() == 1
        assert said == [] or frame["x"][0] >= said[-1]
        assert events[-1].data["version"] == version.digest
    opened.close()
    assert landings >= before
    return landings
