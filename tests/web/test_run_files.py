"""The small files by which processes of a home find one another."""

import asyncio
import json
import os
import subprocess
import sys

from loopwright.web.run_files import beat_path, clear_run_files, is_alive, keep_beating, pid_in, run_file


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_run_file_is_there_as_long_as_the_block_runs(tmp_path):
    run = tmp_path / "run"
    with run_file(run, "worker-1", {"port": 8700}):
        assert json.loads((run / "worker-1.json").read_text()) == {"port": 8700, "pid": os.getpid()}
        assert pid_in(run / "worker-1.json") == os.getpid()
    assert list(run.iterdir()) == []


def test_the_file_of_a_successor_is_left_alone(tmp_path):
    with run_file(tmp_path, "worker-1", {}):
        (tmp_path / "worker-1.json").write_text('{"pid": 1}')
    assert pid_in(tmp_path / "worker-1.json") == 1


def test_files_of_processes_that_are_gone_are_cleared_and_others_stay(tmp_path):
    gone = dead_pid()
    assert not is_alive(gone)
    for name, pid in (("worker-1", os.getpid()), ("worker-2", gone)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"pid": pid}))
        beat_path(tmp_path, name).touch()
        (tmp_path / f"{name}.hand").touch()
    (tmp_path / f"worker-3.{gone}").touch()
    (tmp_path / "supervisor.json").write_text("{")
    clear_run_files(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"worker-1.json", "worker-1.beat", "worker-1.hand"}


def test_a_loop_beats_while_it_is_well_and_not_while_it_is_not(tmp_path):
    path, well = tmp_path / "worker-1.beat", [True]

    async def run():
        beating = asyncio.create_task(keep_beating(path, lambda: well[0]))
        stamps = []
        for state in (True, False):
            well[0] = state
            await asyncio.sleep(0.3)
            before = path.stat().st_mtime_ns
            await asyncio.sleep(0.6)
            stamps.append(path.stat().st_mtime_ns - before)
        beating.cancel()
        return stamps

    moved, stood = asyncio.run(run())
    assert moved > 0
    assert stood == 0
