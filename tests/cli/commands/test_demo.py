"""`loopwright demo`: its arguments. The whole demo is played in tests/end_to_end."""

import json
from pathlib import Path

import pytest

from loopwright.cli.main import main


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "flights" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")
    assert main(["demo", "--dir", str(tmp_path), "--json"]) == 1
    assert "--dir" in json.loads(capsys.readouterr().out)["error"]["fix"]
    assert [path.name for path in mine.parent.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("words", [["--fast"], ["here"], ["--dir"]])
def test_an_argument_that_there_is_not_is_a_user_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"].startswith("LW")
