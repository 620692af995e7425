"""Values written by earlier versions stay readable: `golden/<format version>/<format>/` holds one of each.

Never change a file there. A new version of a format gets a folder of its own, written by `write_golden`.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from loopwright.core.codec import plain
from loopwright.core.schema import Column, Signature
from loopwright.formats.training_set import TrainingSet
from loopwright.formats.value import extract_value, load_native, load_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs

FIRST = Path(__file__).parent / "golden" / "1"
X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]] * 10)
LABEL = np.array(["ok", "ok", "late", "late"] * 10)
FRAME = pl.DataFrame({"n": [1, None], "t": ["é", None], "at": [dt.datetime(2013, 1, 1), None]})


def values() -> dict[str, Any]:
    column = Column(name="x", kind="float")
    return {
        "json": {"a": [1, 2.5, None, True, "é"], "big": 2**80},
        "bytes": b"\x00\xff",
        "numpy": np.arange(6, dtype=np.float32).reshape(2, 3),
        "parquet": FRAME,
        "container": ((1, b"x"), {"rows": FRAME, "series": pl.Series("s", [1, 2])}),
        "training_set": TrainingSet(
            features=pl.DataFrame({"x": [1.0, 2.0]}),
            label=np.array([True, False]),
            about=FRAME,
            signature=Signature(task="binary", request=(column,), features=(column,), classes=(False, True)),
            event_time="at",
        ),
        "sklearn": DecisionTreeClassifier(random_state=0).fit(X, LABEL),
        "estimator": make_pipeline(StandardScaler(), LogisticRegression()).fit(X, LABEL),
        "lightgbm": LGBMClassifier(n_estimators=2, min_child_samples=2, verbose=-1, n_jobs=1).fit(X, LABEL),
        "xgboost": XGBClassifier(n_estimators=2, n_jobs=1).fit(X, LABEL == "ok"),
        "onnx": to_onnx(LogisticRegression().fit(X, LABEL == "ok"), X[:1], options={"zipmap": False}),
    }


def write_golden(folder: Path) -> None:
    """Write the golden values of today's versions below `folder`, leaving those that are there."""
    for name, value in values().items():
        if not (folder / name).exists():
            blobs = MemoryBlobs()
            extract_value(blobs, put_value(blobs, value), folder / name)


def test_every_format_has_its_golden_value() -> None:
    assert {path.name for path in FIRST.iterdir()} == set(values())
    assert {plain((FIRST / name / "format.json").read_bytes())["format"] for name in values()} == {
        f"{name}/1" for name in values()
    }


def test_golden_plain_values_are_read() -> None:
    assert load_value(FIRST / "json") == values()["json"]
    assert load_value(FIRST / "bytes") == b"\x00\xff"
    array = load_value(FIRST / "numpy")
    assert array.dtype == np.float32
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_golden_tables_are_read() -> None:
    assert load_value(FIRST / "parquet").equals(FRAME)
    pair, parts = load_value(FIRST / "container")
    assert pair == (1, b"x")
    assert parts["rows"].equals(FRAME)
    assert parts["series"].to_list() == [1, 2]


def test_golden_training_set_is_read() -> None:
    rows = load_value(FIRST / "training_set")
    assert rows.features["x"].to_list() == [1.0, 2.0]
    assert rows.label.tolist() == [True, False]
    assert rows.signature == values()["training_set"].signature
    assert rows.event_time == "at"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["sklearn", "estimator", "lightgbm"])
def test_golden_models_still_predict(name: str) -> None:
    model = load_value(FIRST / name)
    assert model.predict(X).tolist() == LABEL.tolist()
    assert np.allclose(model.predict_proba(X).sum(axis=1), 1.0)


def test_golden_xgboost_still_predicts() -> None:
    assert load_value(FIRST / "xgboost").predict(X).tolist() == (LABEL == "ok").tolist()


def test_golden_onnx_still_predicts() -> None:
    session = InferenceSession(load_value(FIRST / "onnx").SerializeToString())
    assert session.run(["label"], {"X": X})[0].tolist() == (LABEL == "ok").tolist()


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "onnx"])
def test_golden_models_have_their_librarys_own_form(name: str) -> None:
    found = load_native(FIRST / name)
    assert found is not None
    assert found.library == name


@pytest.mark.parametrize("name", ["json", "sklearn", "estimator", "container"])
def test_other_golden_values_have_none(name: str) -> None:
    assert load_native(FIRST / name) is None
