"""A small project with a champion, made once and copied for each test."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from loopwright.app.clock import set_clock
from loopwright.app.loop_file import LoadedLoop, load_loop
from loopwright.app.run import run_loop
from loopwright.app.workspace import Workspace, open_workspace

LOOP = '''"""A loop that is quick to run."""

import loopwright as lw
from loopwright.release.rules import ErrorGuard, LatencyGuard
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.csv", key="id")


def leaves() -> int:
    return 5


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    model = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaves(), random_state=0)
    return model.fit(rows.features, rows.label)


@lw.pipeline
def fit(depth: int = 2) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, depth), holdout)


loop = lw.Loop(
    "small",
    pipeline=fit,
    gate=[lw.at_least("roc_auc", 0.6)],
    release=lw.Canary(
        steps=[50, 100], min_requests=20, guards=[ErrorGuard(required="never"), LatencyGuard(required="never")]
    ),
    monitor=[lw.drift()],
    retrain=[lw.on_new_data(table, rows=100)],
)
'''


SENSED = '''"""A loop with features over windows of time."""

import loopwright as lw
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.csv", key="id", event_time="at")
sensors = lw.Dataset("sensors", source="sensors/*.csv", event_time="at")
heat = lw.FeatureView(
    "heat", source=sensors, entity="room", features={"readings": lw.count(over="1h"), "warmth": lw.total("heat", "1h")}
)


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(rows.features, rows.label)


@lw.pipeline
def fit(depth: int = 2) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", heat], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, depth), holdout)


loop = lw.Loop("small", pipeline=fit, gate=[lw.at_least("roc_auc", 0.6)], release=lw.Canary(steps=[50, 100]))
'''
SENSED_AT = 1_700_000_000_000_000
"""Where the clock of a project with sensors stands; its rows are of the day before."""


def rows(count: int = 200, *, first: int = 0) -> pl.DataFrame:
    """Rows of the table: `y` follows `x` with noise, `n` says nothing."""
    rng = np.random.default_rng(first)
    x = rng.normal(size=count)
    noise = rng.normal(0, 0.5, count)
    return pl.DataFrame({"id": range(first, first + count), "x": x, "n": rng.integers(0, 9, count), "y": x + noise > 0})


class Project:
    """A folder with a loop in it, and its home opened as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: list[Workspace] = []

    @property
    def home(self) -> Path:
        return self.folder / ".loopwright"

    def workspace(self, *, replay: bool = False) -> Workspace:
        opened = open_workspace(self.folder, create=True, replay=replay)
        self._open.append(opened)
        return opened

    def loaded(self, file: str = "loop.py") -> LoadedLoop:
        return load_loop(self.folder / file, self.folder)

    def change(self, old: str, new: str) -> None:
        """Edit the loop file."""
        path = self.folder / "loop.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def data(self, frame: pl.DataFrame, name: str = "more.csv") -> None:
        frame.write_csv(self.folder / "data" / name)

    def close(self) -> None:
        for workspace in self._open:
            workspace.close()


def make(folder: Path) -> Project:
    (folder / "data").mkdir(parents=True)
    (folder / "loop.py").write_text(LOOP, encoding="utf-8")
    project = Project(folder)
    project.data(rows(), "first.csv")
    return project


def make_sensed(folder: Path) -> Project:
    project = make(folder)
    (folder / "loop.py").write_text(SENSED, encoding="utf-8")
    (folder / "sensors").mkdir()
    minutes = pl.Series([SENSED_AT - place * 60_000_000 for place in range(1, 201)]).cast(pl.Datetime("us"))
    room = pl.Series(["a", "b"] * 100)
    project.data(rows().with_columns(at=minutes, room=room), "first.csv")
    pl.DataFrame({"at": minutes, "room": room, "heat": range(200)}).write_csv(folder / "sensors" / "first.csv")
    return project


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a loop file imports and where it is found are a test's own affair."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    yield
    for name in [name for name in sys.modules if name not in before and not name.startswith("loopwright")]:
        if getattr(sys.modules[name], "__file__", None) and "/pytest-" in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """The folder of a project with a champion, whose home is for replay or not; made when it is asked for first."""
    made: dict[bool, Path] = {}

    def trained(replay: bool) -> Path:
        if replay not in made:
            project = make(tmp_path_factory.mktemp("trained") / "project")
            run_loop(project.workspace(replay=replay), project.loaded())
            project.close()
            made[replay] = project.folder
        return made[replay]

    return trained


@pytest.fixture(scope="session")
def _sensed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_sensed(tmp_path_factory.mktemp("sensed") / "project")
    workspace = project.workspace(replay=True)
    set_clock(workspace.stores, SENSED_AT)
    run_loop(workspace, project.loaded())
    project.close()
    return project.folder


@pytest.fixture
def sensed(_sensed: Path, tmp_path: Path) -> Iterator[Project]:
    """A project with a champion whose features come from a dataset of sensors, in a home for replay."""
    project = Project(Path(shutil.copytree(_sensed, tmp_path / "sensed")))
    yield project
    project.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Project]:
    """A project that has not run yet."""
    project = make(tmp_path / "project")
    yield project
    project.close()


@pytest.fixture
def project(_trained: Callable[[bool], Path], tmp_path: Path) -> Iterator[Project]:
    """A project with a champion."""
    project = Project(Path(shutil.copytree(_trained(False), tmp_path / "project")))
    yield project
    project.close()


@pytest.fixture
def replayed(_trained: Callable[[bool], Path], tmp_path: Path) -> Iterator[Project]:
    """The same, in a home whose clock may be set."""
    project = Project(Path(shutil.copytree(_trained(True), tmp_path / "project")))
    yield project
    project.close()
