"""The control process: its passes, and what keeps it from starting."""

import asyncio
import logging
import socket
import sys
from pathlib import Path

import pytest

from loopwright.app.workspace import open_workspace
from loopwright.errors import StoreBusyError
from loopwright.web import control_process
from loopwright.web.alone import hold_alone
from loopwright.web.control_process import main, passes


class Idle:
    """Jobs, of which there are none."""

    def step(self) -> None:
        """Nothing is begun."""

    def deliver(self) -> None:
        """Nobody is told."""


class Passing:
    """A controller whose passes end as scripted."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = list(ends)
        self.over = asyncio.Event()
        self.steered = False
        self.jobs = self.courier = Idle()

    def step(self) -> None:
        end = self.ends.pop(0) if self.ends else None
        if not self.ends:
            self.over.set()
        if end is not None:
            raise end

    def steer(self) -> None:
        self.steered = True


def pass_until_over(project: Path, *ends: Exception | None, replay: bool = False) -> Passing:
    workspace = open_workspace(project, create=True, replay=replay)

    async def run() -> Passing:
        controller = Passing(*ends)
        background = asyncio.create_task(passes(workspace, controller))  # type: ignore[arg-type]
        await asyncio.wait([background, asyncio.create_task(controller.over.wait())], return_when="FIRST_COMPLETED")
        background.cancel()
        return controller

    try:
        return asyncio.run(run())
    finally:
        workspace.close()


def test_a_pass_that_fails_is_logged_and_the_next_one_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(control_process, "PASS_S", 0.0)
    with caplog.at_level(logging.WARNING, "loopwright.control"):
        left = pass_until_over(tmp_path, StoreBusyError("it is busy"), ZeroDivisionError("a bug"), None)
    assert left.ends == []
    assert left.steered
    assert "it is busy" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_replay_asks_for_each_pass_itself(tmp_path: Path) -> None:
    assert pass_until_over(tmp_path, None, None, replay=True).ends == [None, None]


def start(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str]:
    """The exit code and what was said of a process that should not come up."""
    monkeypatch.setattr(sys, "argv", ["control", "--project", str(project), "--port", "0", *more])
    monkeypatch.setattr(control_process, "_until_stopped", None)
    code = main()
    return code, capsys.readouterr().err


def test_an_address_that_others_reach_needs_a_key(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = start(whole, monkeypatch, capsys, "--host", "0.0.0.0")
    assert code == 1
    assert "key" in said


def test_a_port_that_is_taken_is_said(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = start(whole, monkeypatch, capsys, "--port", port)
    assert code == 1
    assert port in said


def test_a_second_one_on_a_home_is_refused(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hold_alone(whole / ".loopwright" / "run" / "control.lock", "control process"):
        code, said = start(whole, monkeypatch, capsys)
    assert code == 1
    assert "another control process" in said


def test_a_loop_file_that_cannot_be_read_is_said_with_its_line(
    whole: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (whole / "loop.py").write_text("import loopwright\nloop = (\n")
    code, said = start(whole, monkeypatch, capsys)
    assert code == 1
    assert said.count("why:") == 1
    assert "line 2" in said


def test_a_folder_without_a_home_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = start(tmp_path, monkeypatch, capsys)
    assert code == 1
    assert "no home" in said
