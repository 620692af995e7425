"""Progress of a step: found again after a kill, gone after its end."""

import importlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.errors import StepFailedError, UsageError
from loopwright.formats.value import get_value
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.checkpoint import KEPT_S, checkpoint_folder, forget_old
from loopwright.pipelines.execute import Workbench, apply
from loopwright.pipelines.identify import identify
from loopwright.pipelines.plan import plan
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.runners.spawned import SpawnedRunner
from loopwright.store.open_stores import create_home, open_stores

LOOP = """
    import time
    from pathlib import Path
    from loopwright.pipelines.checkpoint import checkpoint_folder
    from loopwright.pipelines.pipeline import pipeline
    from loopwright.pipelines.step import step
    LOG = Path(__file__).with_name("log")
    @step(isolated=True)
    def count(upto, pause, fails):
        kept = checkpoint_folder() / "count"
        begin = int(kept.read_text()) if kept.exists() else 0
        with LOG.open("a") as file:
            file.write(f"from {begin}\\n")
        for n in range(begin, upto):
            time.sleep(pause)
            new = kept.with_name("new")
            new.write_text(str(n + 1))
            new.rename(kept)
            if fails and n == upto // 2:
                raise ValueError("half way")
        return upto
    @pipeline
    def go(upto: int = 5, pause: float = 0.0, fails: bool = False):
        return count(upto, pause, fails)
"""
DRIVER = "import sys; from {module} import run; run(sys.argv[1], pause=0.05, upto=200)"


def run(folder: str | Path, **parameters: Any) -> Any:
    """Run the loop in a home below a folder; returns the result."""
    sys.path.insert(0, str(folder))
    sys.modules.pop("counting_loop", None)
    loop = importlib.import_module("counting_loop")
    home, clock = Path(folder) / "home", SystemClock()
    if not home.exists():
        create_home(home, replay=False, ids=random_id, clock=clock)
    stores = open_stores(home, clock=clock, ids=random_id)
    graph = loop.go.trace(parameters)
    identities = identify(graph, sources={}, variables={})
    spawned = SpawnedRunner(blobs=home / "blobs", project=Path(folder), threads=1)
    bench = Workbench(
        blobs=stores.blobs, ledger=stores.ledger, clock=clock, ids=random_id, checkpoints=home / "checkpoints",
        in_process=InProcessRunner(stores.blobs, clock=clock), isolated=spawned,
    )  # fmt: skip
    try:
        done = apply(plan(graph, identities.nodes, LedgerCache(stores.ledger, stores.blobs)), identities, bench)
        return get_value(stores.blobs, done.results["result"])
    finally:
        spawned.close()
        sys.path.remove(str(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "counting_loop.py").write_text(textwrap.dedent(LOOP))
    return tmp_path


def _begins(folder: Path) -> list[int]:
    return [int(line.split()[1]) for line in (folder / "log").read_text().splitlines()]


def test_a_step_that_failed_goes_on_where_it_was_and_leaves_nothing_at_its_end(folder: Path) -> None:
    with pytest.raises(StepFailedError, match="half way"):
        run(folder, upto=10, fails=True)
    with pytest.raises(StepFailedError):
        run(folder, upto=20, fails=True)  # another step: it begins at nothing
    assert run(folder, upto=10, fails=True) == 10
    assert _begins(folder) == [0, 0, 6]
    assert len(list((folder / "home/checkpoints").iterdir())) == 1  # that of the one that has not ended


def test_progress_is_that_of_the_same_parameters(folder: Path) -> None:
    assert run(folder, upto=4) == 4
    assert run(folder, upto=5) == 5
    assert _begins(folder) == [0, 0]


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_where_it_was(folder: Path) -> None:
    driver = folder / "driver.py"
    driver.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n" + DRIVER.format(module="test_checkpoint")
    )
    process = subprocess.Popen([sys.executable, str(driver), str(folder)], start_new_session=True)
    kept = None
    for _ in range(600):
        time.sleep(0.05)
        kept = next(iter((folder / "home/checkpoints").glob("*/count")), None)
        if kept is not None and int(kept.read_text() or 0) >= 10:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.5)  # the step's own process ends with its parent
    assert kept is not None
    reached = int(kept.read_text())
    assert run(folder, pause=0.0, upto=200) == 200  # another pause is another step
    assert subprocess.run([sys.executable, str(driver), str(folder)], check=False).returncode == 0
    assert _begins(folder) == [0, 0, reached]


def test_outside_of_a_step_there_is_no_progress_to_keep() -> None:
    with pytest.raises(UsageError, match="outside of a step"):
        checkpoint_folder()


def test_progress_that_nobody_goes_on_from_is_removed_in_the_end(tmp_path: Path) -> None:
    for name, age in (("old", KEPT_S + 10), ("young", KEPT_S - 10)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state").write_text("x")
        for path in (tmp_path / name / "state", tmp_path / name):
            os.utime(path, (1e9 - age, 1e9 - age))
    forget_old(tmp_path, now_s=1e9)
    assert [path.name for path in tmp_path.iterdir()] == ["young"]
    forget_old(tmp_path / "none", now_s=1e9)
