"""`loopwright predict`, as a process that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from tests.app.conftest import Project, make, rows

from loopwright.app.run import run_loop
from loopwright.cli.main import main


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = make(tmp_path_factory.mktemp("predict") / "project")
    run_loop(made.workspace(), made.loaded())
    made.close()
    return made


def command(project: Project, *words: str) -> list[str]:
    return [sys.executable, "-m", "loopwright.cli.main", "predict", "--project", str(project.folder), "--json", *words]


def parts_done(project: Project, name: str) -> int:
    """How many parts of the batch from a file are finished, by its log."""
    for state in project.home.glob("batches/*/batch.json"):
        if name in state.read_text(encoding="utf-8"):
            return sum(log.read_bytes().count(b"\n") for log in state.parent.glob("*.parts"))
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("out", ["killed/", "killed.csv"])
def test_a_command_that_is_killed_again_and_again_ends_with_each_row_once(
    project: Project, tmp_path: Path, out: str
) -> None:
    given = tmp_path / f"in-{out.strip('/')}.parquet"
    rows(100_000).write_parquet(given)
    words = command(project, str(given), f"{tmp_path}/{out}", "--part-rows", "1000")
    reached = 0
    for least in (1, 20, 45, 70):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        while process.poll() is None and parts_done(project, given.name) < least:
            time.sleep(0.002)
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        reached = parts_done(project, given.name)

    done = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)

    found = pl.read_parquet(tmp_path / out / "*.parquet") if out.endswith("/") else pl.read_csv(tmp_path / out)
    assert 70 <= done["resumed"] == reached < 100
    assert (done["rows"], done["scored"], done["parts"]) == (100_000, 100_000, 100)
    assert found["id"].to_list() == [*range(100_000)]


def test_the_summary_is_json_or_lines(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows(1_000).with_columns(x=pl.when(pl.col("id") == 5).then(float("inf")).otherwise("x")).write_csv(
        tmp_path / "in.csv"
    )
    words = ["predict", "--project", str(project.folder), str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]

    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["scored"], told["refused"]) == (1_000, 999, 1)

    assert main(words) == 0
    said = capsys.readouterr().out
    assert "already done" in said
    assert "1 refused" in said
    assert f"trace batch:{told['id']}" in said


def test_a_mistake_is_an_error_with_its_fix(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["predict", "--project", str(project.folder), str(tmp_path / "none.csv"), str(tmp_path / "out.csv")]

    assert main(words) == 2
    assert "LW202" in capsys.readouterr().err
    assert main([*words, "--policy", "wave-through"]) == 1
