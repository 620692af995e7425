"""A batch in a child: how far it is, what became of it, and that it ends with its parent."""

import os
import signal
import subprocess
import sys
import time

import polars as pl
import psutil
import pytest
from tests.app.conftest import Project, rows

from loopwright.app.batch.asked import Asked
from loopwright.app.batch.child import ASKED, Errand, Outcome, Progress
from loopwright.app.batch.process import BatchProcess
from loopwright.core.codec import to_json


def ended(process: BatchProcess) -> Outcome:
    for _ in range(1200):
        outcome = process.outcome()
        if outcome is not None:
            return outcome
        time.sleep(0.05)
    raise AssertionError("it does not end")


@pytest.mark.slow
def test_a_child_says_what_it_did(project: Project) -> None:
    workspace = project.workspace()
    rows(1_500).write_parquet(project.folder / "in.parquet")
    folder = project.folder / "errand"

    process = BatchProcess.start(workspace, Asked(input="in.parquet", output="out.csv"), folder)
    outcome = ended(process)
    process.stop()

    assert outcome.error is None
    assert outcome.result is not None
    assert outcome.result.scored == pl.read_csv(project.folder / "out.csv").height == 1_500
    assert process.progress() == Progress(done=1_500, rows=1_500)


@pytest.mark.slow
def test_a_child_says_what_went_wrong_and_a_dead_one_says_nothing(project: Project) -> None:
    workspace = project.workspace()
    wrong = BatchProcess.start(workspace, Asked(input="none.csv", output="out.csv"), project.folder / "errand")
    outcome = ended(wrong)
    wrong.stop()
    assert outcome.error is not None
    assert outcome.error["code"] == "LW202"

    killed = BatchProcess.start(workspace, Asked(input="none.csv", output="out.csv"), project.folder / "other")
    killed.stop()
    assert killed.outcome() == Outcome()
    assert killed.last_words() == f"exit code {-signal.SIGKILL}"


@pytest.mark.slow
def test_a_child_ends_with_its_parent(project: Project) -> None:
    rows(400_000).write_parquet(project.folder / "in.parquet")
    folder = project.folder / "errand"
    folder.mkdir()
    project.workspace()
    errand = Errand(
        project=str(project.folder),
        home=".loopwright",
        asked=Asked(input="in.parquet", output="out.csv", part_rows=1_000),
        threads=1,
    )
    (folder / ASKED).write_bytes(to_json(errand))
    parent = subprocess.Popen(
        [
            sys.executable, "-c",
            "import subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE);"
            "print(p.pid, flush=True); p.wait()",
            sys.executable, "-m", "loopwright.app.batch.child", str(folder),
        ],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    while not (folder / "progress.json").exists():
        assert child.is_running()
        time.sleep(0.01)

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert not (project.folder / "out.csv").exists()
