"""`loopwright doctor`, on homes that are well and homes that are not."""

import json
from pathlib import Path

import pytest

from loopwright.cli.main import main
from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.store.open_stores import create_home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    create_home(tmp_path / ".loopwright", ids=random_id, clock=SystemClock())
    return tmp_path


def doctor(project: Path, *options: str) -> int:
    return main(["doctor", "--project", str(project), *options])


def test_a_fresh_home_is_well(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(project, "--deep", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] in ("pass", "warn")
    assert {"journal_chain", "blob_content"} <= {check["check"] for check in found["checks"]}


def test_what_is_wrong_is_named_and_ends_in_exit_code_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".loopwright" / "token").chmod(0o644)
    assert doctor(project) == 1
    shown = capsys.readouterr().out
    assert "chmod 600" in shown
    assert "overall: fail" in shown


def test_a_folder_without_a_home_is_a_user_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(tmp_path) == 1
    assert "LW409" in capsys.readouterr().err


def test_an_anchor_that_is_none_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(project, "--anchor", "yesterday") == 1
    assert "LW105" in capsys.readouterr().err


def test_an_anchor_that_the_journal_does_not_hold_fails(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(project, "--anchor", f"7:{'0' * 64}") == 1
    assert "fail" in capsys.readouterr().out


def test_the_anchor_that_is_printed_is_accepted_later(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(project, "--json")
    anchor = json.loads(capsys.readouterr().out)["anchor"]
    assert doctor(project, "--anchor", f"{anchor['seq']}:{anchor['digest']}") == 0
