"""A home with real models, and real processes that serve it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from lightgbm import LGBMClassifier

from loopwright.core.clock import SystemClock
from loopwright.core.events import EventDraft
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.core.settings import resolve
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores, create_home, open_stores
from loopwright.store.trees import put_tree
from loopwright.web.supervisor import Supervisor
from loopwright.web.up import probation_children

SIGNATURE = Signature(
    task="binary",
    request=(
        Column(name="flight_id", kind="string"),
        Column(name="carrier", kind="category", categories=("AA", "UA")),
        Column(name="distance", kind="int", minimum=0, exclusive_minimum=True, maximum=6000),
        Column(name="wind", kind="float", nullable=True),
    ),
    features=(
        Column(name="carrier", kind="category", categories=("AA", "UA")),
        Column(name="distance", kind="int"),
        Column(name="wind", kind="float", nullable=True),
    ),
    classes=(False, True),
    label="late",
    key="flight_id",
)
EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}


class Home:
    """A home under test, and what may be done to it."""

    def __init__(self, path: Path, *, replay: bool = False) -> None:
        create_home(path, replay=replay, ids=random_id, clock=SystemClock())
        self.path = path
        self.stores: Stores = open_stores(path, clock=SystemClock(), ids=random_id)
        self.revision = 0
        self.token = (path / "token").read_text()

    def bundle(self, *, seed: int = 0, code: str | None = None, **parts: Any) -> str:
        """Store a model; `code` becomes its own predict function."""
        rng = np.random.default_rng(seed)
        x = np.column_stack([rng.integers(0, 2, 400), rng.integers(1, 3000, 400), rng.normal(size=400)])
        y = (x[:, 1] + 500 * x[:, 2] > 1500).astype(bool)
        model = LGBMClassifier(n_estimators=5 + seed, verbose=-1, num_threads=1).fit(x, y)
        blobs = self.stores.blobs
        digests = {"model": put_value(blobs, model)}
        if code is not None:
            digests["code"] = put_tree(blobs, {"own_predict.py": code.encode()})
        digests |= {name: put_value(blobs, value) for name, value in parts.items()}
        manifest = Manifest(
            kind="model",
            parts=digests,
            entry="own_predict:predict" if code else "model",
            signature=SIGNATURE,
            example=EXAMPLE,
        )
        return put_bundle(blobs, manifest)

    def numeric_bundle(self, signature: Signature, example: dict[str, Any] | None = None) -> str:
        """Store a model of three numbers, with three classes."""
        rng = np.random.default_rng(0)
        x = np.column_stack([rng.normal(size=300), rng.integers(0, 10, 300), rng.integers(0, 2, 300)])
        y = np.array(signature.classes)[(x[:, 1] // 4).astype(int)]
        parts = {"model": put_value(self.stores.blobs, LGBMClassifier(n_estimators=3, verbose=-1).fit(x, y))}
        given = example or {"a": 0.5, "b": 3, "c": False}
        manifest = Manifest(kind="model", parts=parts, entry="model", signature=signature, example=given)
        return put_bundle(self.stores.blobs, manifest)

    def arms(self, champion: str, *, canary: str | None = None, share: float = 0.0, release: str | None = None) -> int:
        """Move the arms; returns the event's number."""
        self.revision += 1
        arms = [{"name": "champion", "role": "champion", "version": champion, "share": 1.0 - share}]
        if canary is not None:
            arms.append({"name": "candidate", "role": "canary", "version": canary, "share": share})
        id = f"arms-{self.revision}"
        data = {"endpoint": "flights", "revision": self.revision, "release": release, "arms": arms}
        (event,) = self.stores.ledger.commit(
            moves={"default/endpoint/flights@arms": id},
            records=[Record(kind="arms", id=id, data=data)],
            events=[EventDraft(kind="release_step", subject=f"release:{release}", data={"share": share})],
        )
        return event.seq

    def events(self, kind: str) -> list[Any]:
        return [event for event in self.stores.ledger.read(limit=100_000) if event.kind == kind]

    def requests(self) -> list[dict[str, Any]]:
        """The rows of the request log."""
        return self.stores.tables.scan("requests").to_dicts()


class Process:
    """A worker under test."""

    def __init__(self, home: Home, *arguments: str, **environment: str) -> None:
        self.home = home
        self.name = arguments[arguments.index("--name") + 1] if "--name" in arguments else "worker-1"
        command = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home.path), "--endpoint", "flights"]
        self.child = subprocess.Popen(
            [*command, "--port", "0", "--supervised", *arguments],
            stdin=subprocess.PIPE, env=os.environ | environment,
        )  # fmt: skip
        self.client = httpx.Client(timeout=20.0)

    def __enter__(self) -> "Process":
        port = eventually(self._port)
        self.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        return self

    def _port(self) -> int:
        assert self.child.poll() is None, "the worker ended"
        about = json.loads((self.home.path / "run" / f"{self.name}.json").read_text())
        assert about["pid"] == self.child.pid
        return about["port"]

    def ready(self, revision: int | None = None) -> dict[str, Any]:
        """Wait until the worker is ready, at `revision`."""

        def check() -> dict[str, Any]:
            said = self.client.get("/health/ready")
            assert said.status_code == 200, said.text
            state = said.json()["endpoints"]["flights"]
            assert revision is None or state["revision"] >= revision
            return state

        return eventually(check)

    def canary(self, revision: int | None = None) -> None:
        """Wait until the canary answers."""

        def check() -> None:
            assert self.ready(revision)["arms"] == {"candidate": "ready"}

        eventually(check)

    def predict(self, **changes: Any) -> httpx.Response:
        return self.client.post("/predict/flights", json=EXAMPLE | changes)

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def __exit__(self, *error: object) -> None:
        self.client.close()
        if self.child.poll() is None:
            self.child.terminate()
            assert self.child.wait(timeout=20) == 0
        self.child.stdin.close()


def eventually(check: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The answer of `check` once it stops raising."""
    end = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, OSError, LookupError, ValueError, httpx.HTTPError):
            if time.monotonic() > end:
                raise
            time.sleep(0.03)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for the tests of a module: they go on from arms to arms, as a real one does."""
    made = Home(tmp_path_factory.mktemp("project") / ".loopwright")
    yield made
    made.stores.close()


@pytest.fixture(scope="module")
def second_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Another home for the tests of a module."""
    made = Home(tmp_path_factory.mktemp("second") / ".loopwright")
    yield made
    made.stores.close()


@pytest.fixture
def replay_home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / ".loopwright", replay=True)
    yield made
    made.stores.close()


FAULTY = """
import os, signal, time
import numpy as np
from loopwright.serving.predictor import predict as usual

def predict(model, columns):
    distance = columns["distance"]
    if (distance == 661).any():
        raise RuntimeError("a table is gone")
    if (distance == 662).any():
        time.sleep(5)
    if (distance == 663).any():
        return {"score": np.zeros(len(distance) + 1)}
    if (distance == 664).any():
        os.kill(os.getpid(), signal.SIGKILL)
    if (distance == 665).any():
        return {"score": np.full(len(distance), np.nan)}
    return usual(model, columns)
"""
"""A predict function that fails in a way that the distance picks."""


@pytest.fixture(scope="module")
def faulty() -> str:
    return FAULTY


class Children:
    """Keeps the probation children that a home asks for, as `up` does."""

    def __init__(self, home: Home) -> None:
        settings = resolve({}, {}, Path("/nonexistent"), user_file=Path("/nonexistent"))
        wanted = probation_children(home.stores, settings)
        self.supervisor = Supervisor(commands=(), run=home.path / "run", clock=SystemClock(), wanted=wanted)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(0.05):
            self.supervisor.step()
        self.supervisor.end()

    def __enter__(self) -> "Children":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def children() -> type[Children]:
    return Children


@pytest.fixture(scope="module")
def worker() -> type[Process]:
    return Process


@pytest.fixture(scope="module")
def wait_until() -> Callable[..., Any]:
    return eventually


LOOP = '''"""A loop that is quick to run."""

import loopwright as lw
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.csv", key="id", event_time="at")
sensors = lw.Dataset("sensors", source="sensors/*.csv", event_time="at")
heat = lw.FeatureView("heat", source=sensors, entity="room", features={"readings": lw.count(over="1h")})


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


@pytest.fixture(scope="session")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loop's folder, with a champion; made by a process of its own, so that nothing of it stays imported here."""
    folder = tmp_path_factory.mktemp("whole") / "project"
    rng = np.random.default_rng(0)
    (folder / "data").mkdir(parents=True)
    (folder / "sensors").mkdir()
    (folder / "loop.py").write_text(LOOP)
    lines = ["id,at,room,x,y"]
    for number, x in enumerate(rng.normal(size=200)):
        lines.append(f"{number},2024-01-01T{number // 60:02}:{number % 60:02}:00,a,{x},{str(x > 0).lower()}")
    (folder / "data" / "first.csv").write_text("\n".join(lines))
    (folder / "sensors" / "first.csv").write_text("at,room,heat\n2024-01-01T00:00:00,a,1\n")
    command = [sys.executable, "-m", "loopwright.cli.main", "run"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def whole(_whole: Path, tmp_path: Path) -> Path:
    """A copy of it for a test of its own."""
    return Path(shutil.copytree(_whole, tmp_path / "project"))
