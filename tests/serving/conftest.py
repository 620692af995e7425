"""Extracted bundles of small real models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from loopwright.core.codec import canonical, plain
from loopwright.core.schema import Column, Signature
from loopwright.errors import NoSpaceError
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, extract_bundle, put_bundle
from loopwright.release.routing import Arm
from loopwright.serving.arms import ChampionArm
from loopwright.serving.door import Door
from loopwright.serving.intake import Intake, NoFeatures
from loopwright.serving.model import Model
from loopwright.serving.observer import ArmLabel
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.trees import put_tree

COLUMNS = (
    Column(name="carrier", kind="category", categories=("AA", "UA")),
    Column(name="distance", kind="int", minimum=0, exclusive_minimum=True, maximum=6000),
)
TASKS: dict[str, tuple[Any, ...]] = {"binary": (False, True), "multiclass": ("a", "b", "c"), "regression": ()}


def signature_of(task: Any, **changes: Any) -> Signature:
    return Signature(task=task, request=COLUMNS, features=COLUMNS, classes=TASKS[task], **changes)


def rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 2, 300), rng.integers(1, 3000, 300)]).astype(float)
    return x, x[:, 1] / 1000


def trained(task: str, library: str = "sklearn") -> Any:
    x, y = rows()
    label = {"binary": y > 1.5, "multiclass": np.array(list("abc"))[np.clip(y, 0, 2.9).astype(int)], "regression": y}[
        task
    ]
    if library == "lightgbm":
        return LGBMClassifier(n_estimators=4, verbose=-1, num_threads=1).fit(x, label)
    return (LinearRegression() if task == "regression" else LogisticRegression(max_iter=500)).fit(x, label)


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def stored(blobs: MemoryBlobs) -> Callable[..., str]:
    """Stores a bundle and returns its digest."""

    def store(
        model: Any,
        signature: Signature,
        *,
        code: str | None = None,
        reference: Any = None,
        stream: str | None = None,
        **example: Any,
    ) -> str:
        parts = {"model": put_value(blobs, model)}
        if reference is not None:
            parts["reference"] = put_value(blobs, plain(canonical(reference)))
        if code is not None:
            parts["code"] = put_tree(blobs, {"own_predict.py": code.encode()})
        if stream is not None:
            parts["code"] = put_tree(blobs, {"own_stream.py": stream.encode()})
            parts["stream"] = put_value(blobs, {"function": "own_stream:stream"})
        entry = "own_predict:predict" if code else "model"
        given = {"carrier": "AA", "distance": 100} | example
        return put_bundle(blobs, Manifest(kind="model", parts=parts, entry=entry, signature=signature, example=given))

    return store


@pytest.fixture
def extracted(blobs: MemoryBlobs, stored: Callable[..., str], tmp_path: Path) -> Callable[..., Path]:
    """Stores a bundle and extracts it to a folder named by its digest."""

    def extract(*arguments: Any, **named: Any) -> Path:
        version = stored(*arguments, **named)
        extract_bundle(blobs, version, tmp_path / version)
        return tmp_path / version

    return extract


@pytest.fixture
def signature() -> Callable[..., Signature]:
    return signature_of


@pytest.fixture
def model() -> Callable[..., Any]:
    return trained


class Log:
    """A request log in memory that can be full, and counts of everything else."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.batches: list[int] = []
        self.failed_causes: list[tuple[str, str]] = []
        self.answers: list[str] = []
        self.trips: list[Any] = []
        self.full = False
        self.dropped_copies = 0

    def append(self, rows: Any) -> None:
        if self.full:
            raise NoSpaceError("the disk is full")
        self.rows.extend(msgspec.structs.asdict(row) for row in rows)

    def answered(self, label: Any, at: int, latencies_s: Any) -> None:
        self.answers.extend(label.arm for _ in latencies_s)

    def failed(self, label: Any, at: int, cause: str) -> None:
        self.failed_causes.append((label.arm, cause))

    def batched(self, endpoint: str, records: int) -> None:
        self.batches.append(records)

    def queued(self, endpoint: str, waits_s: Any) -> None:
        pass

    def features_read(self, endpoint: str, seconds: float) -> None:
        pass

    def bytes_seen(self, endpoint: str, received: int, sent: int) -> None:
        pass

    def shadow_dropped(self, label: Any, requests: int) -> None:
        self.dropped_copies += requests

    def on_trip(self, arms: Any, canary: Any, trip: Any) -> None:
        self.trips.append(trip)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def champion(extracted: Callable[..., Path]) -> Callable[..., ChampionArm]:
    """A champion arm; `joined` are the features it reads, `code` its own predict function, `stream` its own stream."""

    def make(
        *,
        code: str | None = None,
        features: Any = None,
        signature: Signature | None = None,
        stream: str | None = None,
        model: Any = None,
    ) -> ChampionArm:
        folder = extracted(model or trained("binary"), signature or signature_of("binary"), code=code, stream=stream)
        loaded = Model.load(folder)
        intake = Intake(Door(loaded.signature), features or NoFeatures())
        arm = Arm(name="champion", role="champion", version=loaded.version, share=1.0)
        label = ArmLabel(endpoint="flights", release=None, arm="champion", version=loaded.version)
        return ChampionArm(label=label, spec=arm, model=loaded, intake=intake)

    return make
