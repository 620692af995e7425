"""A past of 120 days in which, from day 60 on, the label is the opposite of what it was and x has moved."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.app.conftest import Project, make

from loopwright.app.landing import land_all
from loopwright.app.policies.history import History, history_of
from loopwright.app.policies.trained import Trainer
from loopwright.monitoring.reference import DAY

FIRST_DAY = 19_000
DAYS = 120
TURNED = FIRST_DAY + 60
ROWS_A_DAY = 40

TIMED = '''"""A loop that is quick to run, over time."""

import loopwright as lw
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.parquet", key="id", event_time="at")


@lw.step(isolated=False)
def train(rows: lw.TrainingSet) -> DecisionTreeClassifier:
    recent = rows.features.tail(800)
    return DecisionTreeClassifier(max_depth=2, random_state=0).fit(recent, rows.label[-800:])


@lw.pipeline
def fit() -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(last="5d")
    return lw.Candidate(train(known), holdout)


loop = lw.Loop(
    "small",
    pipeline=fit,
    gate=[lw.at_least("roc_auc", 0.6)],
    monitor=[lw.drift(), lw.performance("roc_auc", loss_at_most=0.1, min_labels=200)],
    retrain=[lw.on_alert(cooldown="7d")],
)
'''


def past(seed: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    count = DAYS * ROWS_A_DAY
    day = FIRST_DAY + np.arange(count) // ROWS_A_DAY
    turned = day >= TURNED
    x = rng.normal(np.where(turned, 1.5, 0.0), 1.0)
    label = (x + rng.normal(0, 0.5, count) > np.where(turned, 1.5, 0.0)) != turned
    at = pl.Series(day * DAY + rng.integers(0, DAY, count)).cast(pl.Datetime("us"))
    return pl.DataFrame({"id": range(count), "at": at, "x": x, "n": rng.integers(0, 9, count), "y": label})


@pytest.fixture
def timed(tmp_path: Path) -> Iterator[Project]:
    project = make(tmp_path / "project")
    (project.folder / "data" / "first.csv").unlink()
    (project.folder / "loop.py").write_text(TIMED, encoding="utf-8")
    past().write_parquet(project.folder / "data" / "past.parquet")
    yield project
    project.close()


@pytest.fixture
def history(timed: Project) -> History:
    workspace, loaded = timed.workspace(), timed.loaded()
    land_all(workspace, loaded.datasets)
    return history_of(workspace, loaded, delay_us=DAY)


@pytest.fixture
def trainer(timed: Project, history: History) -> Trainer:
    return Trainer(history=history, clock=timed.workspace().machine)


@pytest.fixture
def quiet() -> Callable[[str, int], Callable[[int], None]]:
    return lambda name, days: lambda over: None
