"""`loopwright report`."""

from pathlib import Path
from typing import Any

import pytest

Command = Any


def test_the_page_is_written_where_it_was_asked_for_and_needs_nothing_else(cli: Command) -> None:
    out = cli.folder / "page.html"
    assert cli.json("report", "--out", str(out)) == {"report": str(out)}
    page = out.read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "small" in page
    for reaching_out in ('src="http', 'href="http', "<link", "@import"):
        assert reaching_out not in page


def test_without_a_name_it_is_written_here(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert "report.html" in cli.text("report")
    assert (here / "report.html").is_file()


def test_a_place_that_cannot_be_written_is_a_user_error(cli: Command) -> None:
    cli.error("report", "--out", str(cli.folder / "nowhere" / "page.html"))


def test_a_project_that_has_not_run_has_nothing_to_report(bare: Command) -> None:
    bare.error("report", "--out", str(bare.folder / "page.html"))
    assert not (bare.folder / "page.html").exists()
