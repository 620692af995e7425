"""A small project, made once and copied for each test, and its command line in this process."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loopwright.cli.main import main

LOOP = '''"""A loop that is quick to run."""

import loopwright as lw
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.csv", key="id")


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(rows.features, rows.label)


@lw.pipeline
def fit(depth: int = 3) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, depth), holdout)


loop = lw.Loop("small", pipeline=fit, gate=[lw.at_least("roc_auc", 0.6)], release=lw.Canary())
'''


class Command:
    """A command line of one project."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = folder / ".loopwright"
        self._capsys = capsys

    def text(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert main([*words, "--project", str(self.folder)]) == code
        shown = self._capsys.readouterr()
        assert "Traceback" not in shown.err
        return shown.out

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.text(*words, "--json", code=code))

    def error(self, *words: str, code: int = 1) -> dict[str, Any]:
        """The one error; it has a code and says what to do."""
        error: dict[str, Any] = self.json(*words, code=code)["error"]
        assert error["code"].startswith("LW")
        assert error["fix"]
        return error

    def data(self, name: str = "more.csv", **columns: list[Any]) -> None:
        pl.DataFrame(columns).write_csv(self.folder / "data" / name)


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("loop", None)
    yield
    sys.modules.pop("loop", None)
    sys.modules.update({"loop": before} if before else {})


@pytest.fixture(scope="session")
def _projects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """A project that has not run, or one with a champion; made when it is asked for first."""
    made: dict[bool, Path] = {}

    def project(ran: bool) -> Path:
        if ran not in made:
            folder = tmp_path_factory.mktemp("commands") / "project"
            (folder / "data").mkdir(parents=True)
            (folder / "loop.py").write_text(LOOP)
            rng = np.random.default_rng(0)
            x = rng.normal(size=200)
            rows = {"id": range(200), "x": x, "n": rng.integers(0, 9, 200), "y": x + rng.normal(0, 0.5, 200) > 0}
            pl.DataFrame(rows).write_csv(folder / "data" / "first.csv")
            if ran:
                assert main(["run", "--project", str(folder)]) == 0
                sys.modules.pop("loop", None)
            made[ran] = folder
        return made[ran]

    return project


@pytest.fixture
def cli(_projects: Callable[[bool], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Of a project with a champion."""
    return Command(Path(shutil.copytree(_projects(True), tmp_path / "project")), capsys)


@pytest.fixture
def bare(_projects: Callable[[bool], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Of a project that has not run."""
    return Command(Path(shutil.copytree(_projects(False), tmp_path / "project")), capsys)
