"""kill -9 of the controller at any commit of a release: nothing is lost, nothing moves twice, and it goes on."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.app.releases.test_operations import CHAMPION, Desk

from loopwright.app.releases.view import find_release
from loopwright.app.trace import journal

pytestmark = pytest.mark.slow
Project = Any
KILLED = '''
"""A controller that looks again and again, and is killed at its n-th commit: just before it, or just after."""
import os, signal, sys
from pathlib import Path
from loopwright.app.controller import Controller
from loopwright.app.loop_file import load_loop
from loopwright.app.workspace import open_workspace
from loopwright.store.backends.sqlite_ledger import SqliteLedger

folder, nth, when = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
workspace = open_workspace(folder)
controller = Controller(workspace, load_loop(folder / "loop.py", folder))
usual, count = SqliteLedger.commit, 0

def commit(self, **given):
    global count
    count += 1
    if count == nth and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = usual(self, **given)
    if count == nth and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return done

SqliteLedger.commit = commit
for _ in range(4):
    controller._steer()  # the lease of the one that was killed would make this one wait for its end
'''


def run(folder: Path, nth: int, when: str) -> int:
    return subprocess.run([sys.executable, "-c", KILLED, str(folder), str(nth), when], check=False).returncode


def test_a_release_goes_on_after_a_kill_at_any_of_its_commits(project: Project) -> None:
    desk = Desk(project)
    codes = []
    for nth in (1, 2):
        for when in ("before", "after"):
            desk.traffic(20)
            codes.append(run(project.folder, nth, when))
    desk.traffic(20)
    for _ in range(2):
        run(project.folder, 10**6, "before")
        desk.traffic(20)
    assert -signal.SIGKILL in codes, "nobody was killed"
    release = find_release(desk.workspace, desk.release)
    assert release.state.status == "promoted"
    assert [entry.decision for entry in release.steps] == ["start", "advance", "promote"]
    kinds = [event.kind for event in journal(desk.workspace.stores.ledger)]
    assert (kinds.count("release_step"), kinds.count("release_finished")) == (1, 1)
    ledger = desk.workspace.stores.ledger
    assert len(ledger.history(CHAMPION)) == 2
    assert ledger.history(CHAMPION)[-1].seq == ledger.history("default/endpoint/small@arms")[-1].seq
    assert desk.shares() == {desk.candidate: 1.0}


def test_requests_count_once_over_kills(project: Project) -> None:
    project.change("min_requests=20", "min_requests=1000")
    desk = Desk(project)
    sent = 0
    for nth, when in ((1, "before"), (1, "after"), (10**6, "before")):
        desk.traffic(30)
        sent += 30
        run(project.folder, nth, when)
    release = find_release(desk.workspace, desk.release)
    assert (release.state.status, release.state.requests) == ("running", sent)
    assert release.totals["candidate"].requests == sent


def test_of_two_controllers_that_look_at_once_one_moves(project: Project) -> None:
    desk = Desk(project)
    desk.traffic(20)
    command = [sys.executable, "-c", KILLED, str(project.folder), "0", "never"]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    release = find_release(desk.workspace, desk.release)
    assert [entry.decision for entry in release.steps] == ["start", "advance"]
    assert release.state.requests == 20
