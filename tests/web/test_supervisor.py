"""The supervisor and its children, as real processes."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from loopwright.testing.clocks import ManualClock
from loopwright.web.supervisor import ChildCommand, Supervisor

SLEEPER = "import sys; sys.stdin.read()"
SUPERVISE = """
import sys
from pathlib import Path
from loopwright.core.clock import SystemClock
from loopwright.web.supervisor import ChildCommand, Supervisor

def child(name, code):
    return ChildCommand(name=name, arguments=(sys.executable, "-c", code))

extra = Path(sys.argv[1]) / "extra"
fixed = [child("a", "import sys; sys.stdin.read()"), child("b", "import sys; sys.stdin.read()")]
wanted = lambda: [child("extra", "import sys; sys.stdin.read()")] if extra.exists() else []
Supervisor(commands=fixed, run=Path(sys.argv[1]), clock=SystemClock(), wanted=wanted,
           say=lambda line: print(line, flush=True)).run_until_stopped()
print("over", flush=True)
"""


@pytest.fixture
def supervised(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SUPERVISE), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    yield process, tmp_path
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


def pids(run, *names):
    children = json.loads((run / "supervisor.json").read_text())["children"]
    assert set(children) == set(names)
    return children


def gone(pid):
    """Whether a process has ended; one whose parent has not asked yet has, too."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def all_gone(children):
    assert all(gone(pid) for pid in children.values())


def test_a_child_that_is_killed_is_started_again(supervised, wait_until):
    _, run = supervised
    first = wait_until(lambda: pids(run, "a", "b"))
    os.kill(first["a"], signal.SIGKILL)

    def again():
        now = pids(run, "a", "b")
        assert now["a"] != first["a"]
        return now

    assert wait_until(again)["b"] == first["b"]


def test_a_supervisor_that_is_killed_leaves_no_children(supervised, wait_until):
    process, run = supervised
    children = wait_until(lambda: pids(run, "a", "b"))
    process.kill()
    wait_until(lambda: all_gone(children))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_all_children_first(supervised, wait_until, number):
    process, run = supervised
    children = wait_until(lambda: pids(run, "a", "b"))
    process.send_signal(number)
    assert process.wait(timeout=20) == 0
    all_gone(children)
    assert process.stdout.read().endswith("over\n")
    assert not (run / "supervisor.json").exists()


def test_a_child_lives_as_long_as_it_is_wanted(supervised, wait_until):
    _, run = supervised
    wait_until(lambda: pids(run, "a", "b"))
    (run / "extra").touch()
    children = wait_until(lambda: pids(run, "a", "b", "extra"))
    (run / "extra").unlink()
    wait_until(lambda: pids(run, "a", "b"))
    wait_until(lambda: all_gone({"extra": children["extra"]}))


def test_a_child_that_keeps_failing_is_started_less_and_less_often(tmp_path):
    clock, said = ManualClock(), []
    failing = ChildCommand(name="bad", arguments=(sys.executable, "-c", "raise SystemExit(3)"))
    supervisor = Supervisor(commands=[failing], run=tmp_path, clock=clock, say=said.append)
    for _ in range(3):
        supervisor.step()
        os.waitid(os.P_PID, supervisor.pids()["bad"], os.WEXITED | os.WNOWAIT)
        supervisor.step()
        assert supervisor.pids() == {}
        supervisor.step()
        assert supervisor.pids() == {}
        clock.sleep(5.0)
    supervisor.end()
    assert [line.rsplit(" ", 2)[1] for line in said] == ["0.2", "0.5", "1"]
    assert "ended with 3" in said[0]


def test_a_child_that_does_not_end_is_killed(tmp_path, wait_until):
    deaf = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(60)"
    up = tmp_path / "up"
    command = ChildCommand(name="deaf", arguments=(sys.executable, "-c", deaf, str(up)), patience_at_end_s=0.2)
    supervisor = Supervisor(commands=[command], run=tmp_path, clock=ManualClock())
    supervisor.step()
    wait_until(up.stat)
    pid = supervisor.pids()["deaf"]
    supervisor.end()
    assert gone(pid)
