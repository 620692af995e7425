"""`loopwright new`."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loopwright.cli.main import main

TABLE = {"who": range(120), "age": [n % 50 for n in range(120)], "gone": [n % 50 > 25 for n in range(120)]}


def new(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["new", *words, "--json"]) == code
    return dict(json.loads(capsys.readouterr().out))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    pl.DataFrame(TABLE).write_csv(tmp_path / "customers.csv")
    return tmp_path / "customers.csv"


def test_without_options_it_is_the_tabular_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = new(capsys, str(tmp_path / "mine"))
    assert made["template"] == "tabular"
    assert (tmp_path / "mine" / "loop.py").is_file()
    assert {str(path) for path in made["files"]} >= {"loop.py"}


def test_a_project_from_a_table_runs_and_says_how_to_go_on(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my loop"
    assert main(["new", str(folder), "--data", str(table), "--target", "gone", "--key", "who"]) == 0
    assert f"cd '{folder}' && loopwright run" in capsys.readouterr().out
    assert main(["plan", "--project", str(folder), "--json"]) == 0
    assert "customers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "TABLE"), "--target"),
        (("--data", "TABLE", "--target", "gone", "--template", "tabular"), "exclude"),
        (("--data", "TABLE", "--target", "left"), "left"),
        (("--data", "TABLE", "--target", "gone", "--key", "nobody"), "nobody"),
        (("--template", "trains"), "trains"),
    ],
)
def test_what_does_not_fit_together_makes_no_folder(
    words: tuple[str, ...], said: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(table) if word == "TABLE" else word for word in words]
    capsys.readouterr()
    assert main(["new", str(tmp_path / "mine"), *given, "--json"]) in (1, 2)
    assert said in capsys.readouterr().out
    assert not (tmp_path / "mine").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "loop.py").write_text("# mine")
    new(capsys, str(tmp_path / "mine"), code=1)
    assert (tmp_path / "mine" / "loop.py").read_text() == "# mine"
