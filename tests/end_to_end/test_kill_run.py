"""`kill -9` of a run, anywhere in its life: the home stays whole, nothing is lost, and the next run finishes."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.verdict import Outcome
from loopwright.store.doctor import check_home
from loopwright.store.journal import verify_chain
from loopwright.store.open_stores import open_stores

COMMAND = [sys.executable, "-m", "loopwright.cli.main", "run", "--json"]
CHAMPION = "default/model/small@champion"
LOOP = '''"""Three steps, one of them in a process of its own."""

import loopwright as lw
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.csv", key="id")


@lw.step
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(rows.features, rows.label)


@lw.pipeline
def fit(depth: int = 4) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, depth), holdout)


loop = lw.Loop("small", pipeline=fit, gate=[lw.at_least("roc_auc", 0.6)])
'''


@dataclass
class Seen:
    """What a reader in another process has seen of a home while it was being written."""

    events: dict[int, str] = field(default_factory=dict)
    refs: dict[str, set[str]] = field(default_factory=dict)

    def look(self, home: Path) -> None:
        if not (home / "home.json").is_file():
            return
        with closing(sqlite3.connect(f"file:{home}/ledger.db?mode=ro", uri=True, timeout=10)) as ledger:
            after = max(self.events, default=0)
            self.events |= dict(ledger.execute("SELECT seq, digest FROM events WHERE seq > ?", (after,)).fetchall())
            for name, target in ledger.execute("SELECT name, target FROM refs"):
                self.refs.setdefault(name, set()).add(target)


def write(folder: Path, name: str, *, first: int) -> None:
    rng = np.random.default_rng(first)
    x = rng.normal(size=200)
    rows = {"id": range(first, first + 200), "x": x, "n": rng.integers(0, 9, 200), "y": x + rng.normal(0, 0.5, 200) > 0}
    pl.DataFrame(rows).write_csv(folder / "data" / name)


@pytest.fixture(scope="module")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project that has never run, and one that has a champion and new data."""
    fresh, grown = tmp_path_factory.mktemp("fresh"), tmp_path_factory.mktemp("grown")
    for folder in (fresh, grown):
        (folder / "data").mkdir()
        (folder / "loop.py").write_text(LOOP)
        write(folder, "first.csv", first=0)
    subprocess.run(COMMAND, cwd=grown, check=True, capture_output=True)
    write(grown, "second.csv", first=1000)
    return fresh, grown


@pytest.fixture(scope="module")
def whole_life_s(beginnings: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[float, ...]:
    """How long a run takes here and now, from each beginning."""
    return tuple(_duration(beginning, tmp_path_factory.mktemp("timed") / "project") for beginning in beginnings)


def _duration(beginning: Path, project: Path) -> float:
    shutil.copytree(beginning, project)
    before = time.monotonic()
    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    return time.monotonic() - before


def killed(project: Path, after_s: float, seen: Seen) -> dict[str, Any] | None:
    """Start a run and kill it; what it had answered, where it had ended before."""
    process = subprocess.Popen(COMMAND, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while process.poll() is None and time.monotonic() - started < after_s:
        seen.look(project / ".loopwright")
        time.sleep(0.002)
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    psutil.wait_procs(children, timeout=20)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    return json.loads(said) if process.returncode == 0 else None


def assert_whole(home: Path, seen: Seen) -> None:
    """The home opens and verifies, and all that was seen of it is still there."""
    with closing(open_stores(home, clock=SystemClock(), ids=random_id)) as stores:
        assert [v for v in check_home(stores, deep=True) if v.outcome is Outcome.FAIL] == []
        assert verify_chain(stores.ledger) >= max(seen.events, default=0)
        events = {event.seq: event.digest for event in stores.ledger.read(limit=10_000)}
        assert seen.events.items() <= events.items()
        for name, targets in seen.refs.items():
            assert targets <= {move.target for move in stores.ledger.history(name)}


def assert_one_champion(home: Path) -> str:
    """One version is champion: the ref, the arms and the newest registration say the same one; returns it."""
    with closing(open_stores(home, clock=SystemClock(), ids=random_id)) as stores:
        champion = stores.ledger.ref(CHAMPION)
        arms = stores.ledger.record("arms", str(stores.ledger.ref("default/endpoint/small@arms")))
        assert champion is not None
        assert arms is not None
        assert [arm["version"] for arm in arms.data["arms"]] == [champion]
        targets = [move.target for move in stores.ledger.history(CHAMPION)]
        assert len(targets) == len(set(targets))
        versions = stores.ledger.search("model_version", where={"name": "small"})
        assert len(versions) == len({version.facets["digest"] for version in versions}) == len(targets)
        return champion


def run_and_kill(beginning: Path, project: Path, after_s: float) -> None:
    shutil.copytree(beginning, project)
    home, seen = project / ".loopwright", Seen()
    answer = killed(project, after_s, seen)
    if home.exists():
        assert_whole(home, seen)
    done = subprocess.run(COMMAND, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_whole(home, seen)
    champion = assert_one_champion(home)
    assert json.loads(done.stdout)["judged"]["version"] == champion
    assert answer is None or answer["judged"]["version"] == champion
    assert {path.name for path in project.iterdir()} <= {"data", "loop.py", ".loopwright", "__pycache__"}, "left behind"


@pytest.mark.parametrize("point", range(4))
def test_a_run_killed_at_any_moment_loses_nothing(
    point: int, beginnings: tuple[Path, Path], whole_life_s: tuple[float, ...], tmp_path: Path
) -> None:
    _kill_at(point, 4, beginnings, whole_life_s, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("point", range(50))
def test_a_run_killed_at_any_of_fifty_moments_loses_nothing(
    point: int, beginnings: tuple[Path, Path], whole_life_s: tuple[float, ...], tmp_path: Path
) -> None:
    _kill_at(point, 50, beginnings, whole_life_s, tmp_path)


def _kill_at(
    point: int, points: int, beginnings: tuple[Path, Path], whole_life_s: tuple[float, ...], tmp_path: Path
) -> None:
    """At random in one of `points` equal parts of a run's life; first runs and later ones in turn."""
    share = (point + np.random.default_rng(point).random()) / points
    which = point % 2
    run_and_kill(beginnings[which], tmp_path / "project", share * whole_life_s[which])


def test_a_run_killed_while_it_trains_takes_its_child_with_it(beginnings: tuple[Path, Path], tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(beginnings[0], project)
    endless = "    open('training', 'w').close()\n    import time\n    time.sleep(600)\n    return Decision"
    (project / "loop.py").write_text(LOOP.replace("    return Decision", endless))
    process = subprocess.Popen(COMMAND, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = Seen()
    while not (project / "training").exists():
        assert process.poll() is None
        seen.look(project / ".loopwright")
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert children
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    (project / "loop.py").write_text(LOOP)
    assert subprocess.run(COMMAND, cwd=project, capture_output=True, check=False).returncode == 0
    assert_whole(project / ".loopwright", seen)
    assert_one_champion(project / ".loopwright")
    assert os.listdir(project / ".loopwright" / "blobs" / "tmp") == []
