"""`loopwright monitor compare`."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from loopwright.cli.main import main


@pytest.fixture
def files(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    pl.DataFrame({"x": rng.normal(size=2_000), "y": rng.normal(size=2_000)}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"x": rng.normal(1, 1, 2_000), "y": rng.normal(size=2_000)}).write_csv(tmp_path / "moved.csv")
    pl.DataFrame({"x": rng.normal(size=2_000), "y": rng.normal(size=2_000)}).write_parquet(tmp_path / "same.parquet")
    pl.DataFrame({"x": rng.normal(size=2_000)}).write_parquet(tmp_path / "less.parquet")
    return tmp_path


def compare(files: Path, current: str, *more: str) -> int:
    return main(["monitor", "compare", str(files / "a.parquet"), str(files / current), *more])


def test_whatever_is_found_is_no_failure(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(files, "moved.csv") == 0
    shown = capsys.readouterr().out
    assert "2,000 rows against 2,000" in shown
    assert "place" in shown


@pytest.mark.parametrize(("current", "code"), [("moved.csv", 3), ("less.parquet", 3), ("same.parquet", 0)])
def test_a_pipeline_can_stop_on_drift(files: Path, current: str, code: int) -> None:
    assert compare(files, current, "--fail-on-drift") == code


def test_the_page_and_the_json_are_of_the_same_comparison(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(files, "moved.csv", "--html", str(files / "out.html"), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [column["column"] for column in found["findings"]["columns"] if column["moved"]] == ["x"]
    assert "moved.csv against a.parquet" in (files / "out.html").read_text()


def test_a_column_that_is_gone_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(files, "less.parquet") == 0
    assert "y is missing" in capsys.readouterr().out


def test_a_file_that_is_none_is_a_user_error(files: Path) -> None:
    assert compare(files, "nowhere.parquet") not in (0, 3)


def test_too_few_rows_are_unknown_and_do_not_pass(files: Path) -> None:
    pl.DataFrame({"x": [0.1], "y": [0.2]}).write_parquet(files / "one.parquet")
    assert compare(files, "one.parquet", "--fail-on-drift") == 4
