"""`loopwright monitor`."""

import json
from pathlib import Path
from typing import Any

import pytest

from loopwright.cli.main import main

Command = Any


def test_the_report_is_written_where_it_was_asked_for(cli: Command) -> None:
    out = cli.folder / "page.html"
    found = cli.json("monitor", "report", "--out", str(out))
    assert found["endpoint"] == "small"
    assert found["format_version"] == 1
    assert "Monitoring of small" in out.read_text()


def test_without_a_name_a_person_gets_a_page_and_a_program_none(
    cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    cli.json("monitor", "report")
    assert list(here.iterdir()) == []
    assert "monitor.html" in cli.text("monitor", "report")
    assert (here / "monitor.html").is_file()


def test_a_period_that_is_none_is_a_user_error(cli: Command) -> None:
    cli.error("monitor", "report", "--from", "yesterday")


def test_a_project_that_has_not_run_has_nothing_to_report(bare: Command) -> None:
    bare.error("monitor", "report", "--out", str(bare.folder / "page.html"))


def test_rules_and_dashboards_need_no_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", "rules", "--owner", "team-a"]) == 0
    shown = capsys.readouterr().out
    assert "groups:" in shown
    assert 'owner: "team-a"' in shown
    assert main(["monitor", "rules", "--tests"]) == 0
    assert "alert_rule_test:" in capsys.readouterr().out
    assert main(["monitor", "dashboard", "--title", "Ours"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Ours"
