"""Several workers that share a port: they follow together, end apart, and none is missed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.end_to_end.load import Load
from tests.end_to_end.served import Served
from tests.web.conftest import Home, eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = Home(tmp_path_factory.mktemp("project") / ".loopwright")
    home.arms(home.bundle())
    with Served(home, workers=2) as made:
        yield made
    home.stores.close()


def answered_by(served: Served) -> dict[str, int]:
    """Requests that each worker of the home has counted, by its id."""
    stats = served.home.stores.tables.scan("arm_stats").group_by("worker").agg(pl.col("requests").sum())
    return dict(zip(stats["worker"], stats["requests"], strict=True))


def test_both_workers_answer_and_every_answer_is_logged_and_counted_once(served: Served) -> None:
    with Load(served.port, connections=16) as load:
        time.sleep(2.0)
    assert set(load.statuses) == {200}
    logged = [row["request_id"] for row in served.home.requests()]
    assert len(logged) == len(set(logged))
    assert load.ids <= set(logged)
    ids = [served.about(name)["worker"] for name in served.names()]

    def counted() -> None:
        counts = answered_by(served)
        assert sum(counts[id] for id in ids) == len(load.answers)
        assert min(counts[id] for id in ids) > len(load.answers) / 8

    eventually(counted)


def test_a_moved_ref_is_followed_by_all_within_a_second_and_acknowledged_by_each(served: Served) -> None:
    home = served.home
    with Load(served.port, connections=8) as load:
        time.sleep(0.5)
        version = home.bundle(seed=3)
        home.arms(version)
        moved = time.monotonic()
        served.wait_ready()
        acknowledged = time.monotonic() - moved
        time.sleep(0.5)
    assert load.lost == []
    assert set(load.statuses) == {200}
    assert acknowledged < 3.0, "far over the second that it takes on a quiet machine"
    late = [answer for answer in load.answers if answer.at > moved + acknowledged + 0.1]
    assert {answer.said["version"] for answer in late} == {version}


def test_fifty_switches_under_load_drop_nothing(served: Served) -> None:
    home = served.home
    versions = [home.bundle(seed=4), home.bundle(seed=5)]
    with Load(served.port, connections=8, pause_s=0.002) as load:
        for number in range(50):
            home.arms(versions[number % 2])
            served.wait_ready()
    assert load.lost == []
    assert load.refused == 0
    assert set(load.statuses) == {200}
    assert {answer.said["version"] for answer in load.answers} >= set(versions)


def test_a_worker_that_is_told_to_end_is_started_again_and_drops_nothing(served: Served) -> None:
    with Load(served.port, connections=8, pause_s=0.0) as load:
        for name in served.names():
            time.sleep(0.5)
            pid = served.kill(name, signal.SIGTERM)
            eventually(lambda name=name, pid=pid: _another(served, name, pid))
            served.wait_ready()
        time.sleep(0.5)
    assert load.lost == []
    assert load.refused == 0
    assert set(load.statuses) == {200}


def _another(served: Served, name: str, pid: int) -> None:
    assert served.pids()[name] != pid


def test_a_worker_that_is_killed_takes_only_its_own_requests_along_and_no_answered_row(served: Served) -> None:
    before = len(served.home.requests())
    with Load(served.port, connections=8, pause_s=0.002) as load:
        time.sleep(0.5)
        pid = served.kill("worker-1")
        killed = time.monotonic()
        eventually(lambda: _another(served, "worker-1", pid))
        served.wait_ready()
        time.sleep(0.5)
    assert load.refused == 0
    assert len(load.lost) <= 8, "one request a connection of the worker that died"
    assert all(abs(at - killed) < 1.0 for at, _ in load.lost)
    assert set(load.statuses) == {200}
    assert load.longest_gap_s() < 1.0, "the other worker went on answering"
    logged = [row["request_id"] for row in served.home.requests()]
    assert len(logged) == len(set(logged))
    assert load.ids <= set(logged)
    assert len(logged) - before <= len(load.answers) + len(load.lost)


def test_when_all_workers_are_killed_no_connection_is_refused_and_no_answered_row_is_lost(served: Served) -> None:
    with Load(served.port, connections=8, pause_s=0.002) as load:
        time.sleep(0.5)
        pids = {name: served.kill(name) for name in served.names()}
        for name, pid in pids.items():
            eventually(lambda name=name, pid=pid: _another(served, name, pid))
        served.wait_ready()
        time.sleep(0.5)
    assert load.refused == 0
    assert len(load.lost) <= 8
    assert set(load.statuses) == {200}
    assert load.longest_gap_s() < 6.0, "about 1.5 s on a quiet machine"
    assert load.ids <= {row["request_id"] for row in served.home.requests()}


def test_a_second_supervisor_of_the_home_is_refused(served: Served) -> None:
    command = [sys.executable, "-m", "loopwright.cli.main", "serve", "--project", str(served.home.path.parent)]
    done = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "another supervisor runs on this home" in done.stderr


def test_when_the_supervisor_is_killed_all_end_and_serve_starts_again_on_the_same_port(tmp_path: Path) -> None:
    home = Home(tmp_path / ".loopwright")
    home.arms(home.bundle())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Served(home, workers=2, port=port) as first, Load(port, connections=4) as load:
        time.sleep(0.5)
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        with Served(home, workers=2, port=port) as second:
            time.sleep(1.0)
            assert json.loads((home.path / "run" / "worker-1.json").read_text())["pid"] == second.pids()["worker-1"]
    assert set(load.statuses) == {200}
    assert load.ids <= {row["request_id"] for row in home.requests()}
    assert load.longest_gap_s() < 10.0
    home.stores.close()
