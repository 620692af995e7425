"""A part's way through a version gives what serving answers, whatever kind of model it is."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.linear_model import LinearRegression

from loopwright.app.batch.answers import Given
from loopwright.app.batch.files import LINE
from loopwright.app.batch.joined import NoViews
from loopwright.app.batch.scorer import Scorer
from loopwright.core.schema import Column, Signature
from loopwright.errors import ArmFailedError
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, extract_bundle, put_bundle
from loopwright.serving.door import Door
from loopwright.serving.model import Model
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.trees import put_tree

COLUMNS = (
    Column(name="carrier", kind="category", categories=("AA", "UA")),
    Column(name="distance", kind="int", minimum=0, maximum=6000),
    Column(name="wind", kind="float", nullable=True),
)
OWN = "def predict(model, columns):\n    return {'score': columns['distance'] / 7000}\n"
CLASSES: dict[str, tuple[Any, ...]] = {"binary": (False, True), "multiclass": ("a", "b", "c"), "regression": ()}
ROWS = pl.DataFrame(
    {
        "carrier": ["AA", "UA", "ZZ", None] * 75,
        "distance": [10, 6000, 6001, 3.0] * 75,
        "wind": [None, 1.5, float("nan"), -3.0] * 75,
    },
    strict=False,
)


def loaded(task: Any, folder: Path, *, own: bool = False, model: Any = None) -> Model:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.integers(0, 2, 300), rng.integers(1, 3000, 300), rng.normal(size=300)]).astype(float)
    label = {"binary": x[:, 1] > 1500, "multiclass": np.array(list("abc"))[(x[:, 1] // 1001).astype(int)]}.get(task)
    learner = LGBMRegressor if label is None else LGBMClassifier
    model = model or learner(n_estimators=5, verbose=-1).fit(x, x[:, 1] if label is None else label)
    blobs = MemoryBlobs()
    parts = {"model": put_value(blobs, model)}
    if own:
        parts["code"] = put_tree(blobs, {"own_batch_predict.py": OWN.encode()})
    signature = Signature(task=task, request=COLUMNS, features=COLUMNS, classes=CLASSES[task])
    manifest = Manifest(
        kind="model",
        parts=parts,
        entry="own_batch_predict:predict" if own else "model",
        signature=signature,
        example={"carrier": "AA", "distance": 100, "wind": 0.0},
    )
    version = put_bundle(blobs, manifest)
    extract_bundle(blobs, version, folder / version)
    return Model.load(folder / version)


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
@pytest.mark.parametrize(
    ("task", "own"), [("binary", False), ("binary", True), ("multiclass", False), ("regression", False)]
)
def test_a_table_is_answered_as_its_rows_are(task: Any, own: bool, form: Any, tmp_path: Path) -> None:
    model = loaded(task, tmp_path, own=own)
    scorer = Scorer(model, NoViews(), policy="flag", keep=("carrier", "wind"))
    rows = ROWS.with_columns(pl.col("wind").fill_nan(None))
    if form == "ndjson":
        rows = pl.DataFrame({LINE: rows.write_ndjson().splitlines()})

    part = scorer.prepare(0, Given(rows=rows, source="in", start=0), form)
    outputs = scorer.outputs(part)
    done = scorer.scored(part, outputs)

    door = Door(model.signature, "flag")
    checked = [door.check(row) for row in ROWS.with_columns(pl.col("wind").fill_nan(None)).to_dicts()]
    wanted = model.predict(door.columns([one.values for one in checked], [{}] * len(checked)))
    for name in outputs:
        np.testing.assert_array_equal(outputs[name], wanted[name])
    assert done.done.scored == len(ROWS) == done.answers.height
    assert done.done.flagged == sum(bool(one.flags) for one in checked) > 0
    if task != "regression":
        assert done.answers["prediction"].to_list() == wanted["label"].tolist()


def test_a_part_that_is_refused_as_a_whole_asks_the_model_nothing(tmp_path: Path) -> None:
    scorer = Scorer(loaded("multiclass", tmp_path), NoViews(), policy="refuse", keep=())
    rows = ROWS.with_columns(distance=pl.lit(-1.5))

    part = scorer.prepare(3, Given(rows=rows, source="in", start=0), "parquet")
    done = scorer.scored(part, scorer.outputs(part))

    assert (done.done.index, done.done.scored, done.done.refused) == (3, 0, 300)
    assert (done.answers.height, done.rejects.height) == (0, 300)


def test_a_version_that_raises_is_named_with_the_rows(tmp_path: Path) -> None:
    linear = LinearRegression().fit(np.zeros((3, 3)), [0.0, 1.0, 2.0])
    scorer = Scorer(loaded("regression", tmp_path, model=linear), NoViews(), policy="flag", keep=())

    part = scorer.prepare(1, Given(rows=ROWS, source="in.csv", start=300), "parquet")

    with pytest.raises(ArmFailedError, match=r"rows 301 to 600 of in\.csv") as caught:
        scorer.outputs(part)
    assert "NaN" in caught.value.why
