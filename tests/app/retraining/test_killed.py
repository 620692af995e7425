"""A controller that is killed in the middle of a retrain: recorded as failed, the brake holds, nothing is doubled."""

import subprocess
import sys
from typing import Any

import pytest
from tests.app.retraining.here import decisions, here
from tests.app.retraining.test_retrainer import events, land, more

from loopwright.app.retraining.alone import take_lock
from loopwright.app.retraining.past import past_of
from loopwright.app.retraining.retrain import in_flight, retrains

Project = Any
CONTROLLER = """
import sys
from pathlib import Path
from loopwright.app.loop_file import load_loop
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.workspace import open_workspace

folder = Path(sys.argv[1])
workspace = open_workspace(folder)
retrainer = Retrainer(workspace, load_loop(folder / "loop.py", folder))
print(retrainer.step(None), flush=True)
while True:
    said = retrainer.step(None)
    running = retrainer._running
    progress = running.retrain.progress if running else None
    print(said or (progress.step if progress else "nothing"), flush=True)
    workspace.clock.sleep(0.05)
"""


def killed_at(project: Project, word: str) -> None:
    """A controller of its own, killed the moment it says a word."""
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(project.folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() in (word, "released", "failed"):
            break
    process.kill()
    process.wait()
    process.stdout.close()


def free(workspace: Any) -> bool:
    """Whether the process that trained is gone, too: it lets go of the lock within seconds."""
    for _ in range(200):
        lock = take_lock(workspace, "small", "a test")
        if lock is not None:
            lock.release()
            return True
        workspace.clock.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("word", ["started", "nothing", "train"])
def test_a_kill_at_any_point_is_one_failed_retrain(project: Project, word: str) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    project.change(
        "def leaves() -> int:\n    return 5", "def leaves() -> int:\n    __import__('time').sleep(60)\n    return 5"
    )
    killed_at(project, word)
    assert in_flight(workspace, "small") is not None
    assert free(workspace)
    retrainer = here(project, workspace)
    assert retrainer.step(None) == "failed"
    assert in_flight(workspace, "small") is None
    assert retrainer.step(None) is None
    assert decisions(workspace) == ["run", "failed", "suppressed"]
    assert len(past_of(workspace, "small").started) == 1
    assert all(run.facets["status"] != "running" for run in workspace.stores.ledger.search("run"))
    assert len(events(workspace, "retrain_finished")) == 1
    assert retrains(workspace)[0].why == "its process ended before it was done"
