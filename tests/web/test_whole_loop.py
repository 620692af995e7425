"""`up`: what keeps it from starting, and the whole of it as real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.load import Load

from loopwright.app.servers import free_ports
from loopwright.app.workspace import open_workspace
from loopwright.errors import LoopwrightError, NotFoundError, PortInUseError, UnsafeDoorError
from loopwright.web.whole_loop import run_whole_loop


class Up:
    """`loopwright up` of a project, and who may be asked there."""

    def __init__(self, project: Path) -> None:
        self.home = project / ".loopwright"
        self.port = free_ports()
        self._command = [sys.executable, "-m", "loopwright.cli.main", "up", "--port", str(self.port), "--supervised"]
        self._project = project
        token = (self.home / "token").read_text().strip()
        self.inference = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20.0)
        self.control = httpx.Client(base_url=f"http://127.0.0.1:{self.port + 1}", timeout=60.0)
        self.signed_in = {"authorization": f"Bearer {token}"}

    def __enter__(self) -> "Up":
        self.process = subprocess.Popen(self._command, cwd=self._project, stdin=subprocess.PIPE)
        return self

    def ready(self) -> None:
        assert self.process.poll() is None
        assert self.inference.get("/health/ready").status_code == 200
        assert self.control.get("/health/live").status_code == 200

    def ask(self, **record: Any) -> dict[str, Any]:
        said = self.inference.post("/predict/small", json=record)
        assert said.status_code == 200, said.text
        return dict(said.json())

    def tell(self, path: str, body: Any) -> Any:
        said = self.control.post(path, json=body, headers=self.signed_in)
        assert said.status_code == 200, said.text
        return said.json()

    def rows(self, table: str) -> list[dict[str, Any]]:
        workspace = open_workspace(self._project)
        try:
            return workspace.stores.tables.scan(table).to_dicts()
        finally:
            workspace.close()

    def children(self) -> dict[str, int]:
        return dict(json.loads((self.home / "run" / "supervisor.json").read_text())["children"])

    def __exit__(self, *error: object) -> None:
        self.inference.close()
        self.control.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def up(whole: Path, wait_until: Callable[..., Any]) -> Iterator[Up]:
    with Up(whole) as up:
        wait_until(up.ready)
        yield up


def ended(pid: int) -> None:
    try:
        os.kill(pid, 0)
        assert Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return


def test_a_whole_loop_serves_takes_rows_and_labels_and_settles(up: Up, wait_until: Callable[..., Any]) -> None:
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        (up.signed_in | {"host": "evil.example"}, 403),
        (up.signed_in | {"origin": "https://evil.example"}, 403),
    ):
        assert up.control.get("/api/status", headers=headers).status_code == status
    assert up.inference.get("/health/ready", headers={"host": "evil.example"}).status_code == 403

    now = datetime.now(UTC)
    row = {"at": now.replace(microsecond=0).isoformat(), "room": "b", "heat": 3}
    for _ in range(2):
        assert up.tell("/datasets/sensors/rows", {"rows": [row], "batch": "first"}) == {"rows": 1}
    asked = up.ask(id=9001, at=now.isoformat(), room="b", x=0.5)
    assert up.tell("/feedback", {"endpoint": "small", "labels": [{"key": 9001, "value": True}]}) == {"labels": 1}

    assert up.tell("/api/settle", {}) == {
        "releasing": False,
        "promoted": 0,
        "finished": 0,
        "leading": True,
        "unconfirmed": 0,
    }
    status = up.control.get("/api/status", headers=up.signed_in).json()
    assert [arm["share"] for arm in status["arms"]] == [1.0]
    (logged,) = up.rows("requests")
    assert logged["request_id"] == asked["request_id"]
    assert logged["features"] == {"readings": 1}
    assert [(label["key"], label["value"]) for label in up.rows("labels")] == [("9001", True)]

    children = up.children()
    assert set(children) == {"worker-1", "control"}
    up.process.stdin.close()  # type: ignore[union-attr] - as when the process that started it ends
    assert up.process.wait(timeout=30) == 0
    for pid in children.values():
        wait_until(lambda pid=pid: ended(pid))


@pytest.mark.slow
@pytest.mark.parametrize("names", [("worker-1",), ("control",), ("worker-1", "control")])
def test_whatever_is_killed_comes_back_and_no_answered_row_is_lost(
    up: Up, wait_until: Callable[..., Any], names: tuple[str, ...]
) -> None:
    before = up.children()
    record = {"at": datetime.now(UTC).isoformat(), "room": "b", "x": 0.5, "id": 0}
    with Load(up.port, connections=4, endpoint="small", record=record, key="room") as load:
        time.sleep(0.5)
        for name in names:
            os.kill(before[name], signal.SIGKILL)

        def back() -> None:
            now = up.children()
            assert all(now[name] != before[name] for name in names)
            up.ready()

        wait_until(back, 60.0)
        time.sleep(0.5)
    assert load.refused == 0
    assert len(load.lost) <= (4 if "worker-1" in names else 0)
    assert set(load.statuses) == {200}
    assert load.ids <= {row["request_id"] for row in up.rows("requests")}
    status = up.control.get("/api/status", headers=up.signed_in).json()
    assert [arm["share"] for arm in status["arms"]] == [1.0]


@pytest.fixture
def start(whole: Path) -> Iterator[Callable[..., None]]:
    """Start `up` in this process where it should not come up."""
    opened = []

    def start(endpoint: str = "small", *, control: bool = True, **settings: Any) -> None:
        opened.append(open_workspace(whole, explicit=settings))
        run_whole_loop(opened[-1], [endpoint], control=control)

    yield start
    for workspace in opened:
        workspace.close()
    assert not (whole / ".loopwright" / "run" / "supervisor.json").exists()


def test_without_a_champion_there_is_nothing_to_serve(start: Callable[..., None]) -> None:
    with pytest.raises(NotFoundError, match="'other' has no champion"):
        start("other")


def test_an_address_that_others_reach_needs_a_key(start: Callable[..., None]) -> None:
    with pytest.raises(UnsafeDoorError):
        start(host="0.0.0.0")


@pytest.mark.parametrize("place", [0, 1])
def test_either_port_that_is_taken_is_said_before_anything_starts(start: Callable[..., None], place: int) -> None:
    port = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + place))
        taken.listen()
        with pytest.raises(PortInUseError) as caught:
            start(port=port)
    assert isinstance(caught.value, LoopwrightError)
    assert str(port + place) in caught.value.what
