"""A small project, and its command line in this process or in one of its own."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from loopwright.cli.main import main

LOOP = '''"""A loop that is quick to run."""

import loopwright as lw
import pandera.polars as pa
from sklearn.tree import DecisionTreeClassifier


class Row(pa.DataFrameModel):
    id: int
    x: float
    n: int = pa.Field(ge=0)
    y: bool = pa.Field(nullable=True)


table = lw.Dataset("table", source="data/*.csv", contract=Row, key="id")


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(rows.features, rows.label)


@lw.pipeline
def fit(depth: int = 3) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, depth), holdout)


loop = lw.Loop("small", pipeline=fit, gate=[lw.at_least("roc_auc", 0.6)])
'''
ERROR = re.compile(r"^error (LW\d+): (.+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    def error(self, code: str, exit_code: int) -> str:
        """Check that it was one clear error of this code, and return its text."""
        assert self.code == exit_code, self.err
        assert [found[0] for found in ERROR.findall(self.err)] == [code], self.err
        assert "Traceback" not in self.err + self.out
        text = self.err[self.err.index(f"error {code}") :]
        assert re.search(r"^  fix: \S", text, re.MULTILINE), text
        return text


class Project:
    """A folder with a loop in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = folder / ".loopwright"
        self._capsys = capsys

    def cli(self, command: str, *arguments: str) -> Said:
        """Run a command in this process, which is honest until it starts processes or the imports matter."""
        self._capsys.readouterr()
        code = main([command, "--project", str(self.folder), *arguments])
        shown = self._capsys.readouterr()
        return Said(code=code, out=shown.out, err=shown.err)

    def process(self, command: str, *arguments: str, before: tuple[str, ...] = ()) -> Said:
        """Run a command as a user would."""
        line = [*before, sys.executable, "-m", "loopwright.cli.main", command, *arguments]
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)

    def change(self, old: str, new: str) -> None:
        """Edit the loop file."""
        path = self.folder / "loop.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def data(self, text: str, name: str = "new.csv") -> None:
        (self.folder / "data" / name).write_text(text)

    def event_kinds(self) -> list[str]:
        with sqlite3.connect(f"file:{self.home}/ledger.db?mode=ro", uri=True) as ledger:
            return [row[0] for row in ledger.execute("select kind from events order by seq")]

    def assert_whole(self) -> None:
        """The home opens, and `doctor` finds nothing that failed."""
        said = self.cli("doctor", "--deep", "--json")
        checks: list[dict[str, Any]] = json.loads(said.out)["checks"]
        failed = [
            check for check in checks if check["outcome"] not in ("pass", "warn") and check["check"] != "free_disk"
        ]
        assert failed == []
        assert list((self.home / "blobs" / "tmp").iterdir()) == []


def rows(count: int = 200, *, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=count)
    return pl.DataFrame(
        {"id": range(count), "x": x, "n": rng.integers(0, 9, count), "y": x + rng.normal(0, 0.5, count) > 0}
    )


@pytest.fixture
def bare_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], Project]:
    """Make a project that has not run yet, in a folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "loop", ModuleType("loop"))

    def make(folder: Path) -> Project:
        (folder / "data").mkdir(parents=True)
        (folder / "loop.py").write_text(LOOP)
        rows().write_csv(folder / "data" / "first.csv")
        return Project(folder, capsys)

    return make


@pytest.fixture
def project(tmp_path: Path, bare_project: Callable[[Path], Project]) -> Project:
    return bare_project(tmp_path / "project")


@pytest.fixture(scope="session")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran") / "project"
    (folder / "data").mkdir(parents=True)
    (folder / "loop.py").write_text(LOOP)
    rows().write_csv(folder / "data" / "first.csv")
    subprocess.run([sys.executable, "-m", "loopwright.cli.main", "run"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def champion(_ran: Path, tmp_path: Path, project: Project) -> Project:
    """A project with a champion."""
    shutil.copytree(_ran / ".loopwright", project.home)
    return project
