"""The servers of a replay, as real processes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loopwright.app import servers
from loopwright.app.servers import free_ports, running_servers
from loopwright.core.clock import SystemClock
from loopwright.errors import ServingError
from loopwright.testing.clocks import ManualClock

Project = Any


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_free_ports_are_two_in_a_row_that_can_be_taken() -> None:
    port = free_ports()
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", port))
        second.bind(("127.0.0.1", port + 1))


def test_both_servers_answer_while_the_block_runs_and_are_gone_after_it(sensed: Project, tmp_path: Path) -> None:
    home = Path((sensed.folder / ".loopwright").rename(tmp_path / "home elsewhere"))
    with running_servers(
        sensed.folder, home, file="loop.py", clock=SystemClock(), log=tmp_path / "run" / "servers.log"
    ) as running:
        about = json.loads((home / "run" / "supervisor.json").read_text())
        pids = [about["pid"], *about["children"].values()]
        assert {"worker-1", "control"} == set(about["children"])
        assert all(alive(pid) for pid in pids)
        for port in (running.port, running.port + 1):
            assert servers._answers(port, "/health/live")
    assert not any(alive(pid) for pid in pids)


def test_servers_stop_where_the_block_fails(sensed: Project, tmp_path: Path) -> None:
    pids = []

    def fail() -> None:
        with running_servers(sensed.folder, sensed.home, file="loop.py", clock=SystemClock(), log=tmp_path / "log"):
            pids.append(json.loads((sensed.home / "run" / "supervisor.json").read_text())["pid"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [alive(pid) for pid in pids] == [False]


def test_servers_that_end_before_they_are_ready_say_why(bare: Project, tmp_path: Path) -> None:
    bare.change("lw.Loop(", "lw.Lop(")
    bare.workspace()
    with (
        pytest.raises(ServingError, match="did not come up") as caught,
        running_servers(bare.folder, bare.home, file="loop.py", clock=SystemClock(), log=tmp_path / "log"),
    ):
        pass
    assert "Lop" in caught.value.why
    assert str(tmp_path / "log") in caught.value.fix


def test_one_that_does_not_stop_when_it_is_asked_is_killed_with_all_its_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "STOP_S", 0.2)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    servers._stop(process)
    process.stdout.close()
    assert not alive(process.pid)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_patience_ends_with_the_supervisor_or_with_time() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as supervisor:
        patience = servers._while_it_lives(supervisor, ManualClock())
        most = int(servers.RESTART_S / servers.POLL_S)
        assert [patience(1), patience(most + 1)] == [True, False]
        supervisor.kill()
        supervisor.wait()
        assert not patience(1)
