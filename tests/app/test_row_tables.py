"""The same table comes of training rows and of logged requests."""

import datetime

import numpy as np
import polars as pl
import pytest

from loopwright.app.row_tables import feature_names, list_table, logged_table, logged_texts, training_table
from loopwright.core.schema import Column, Signature
from loopwright.errors import MissingColumnError
from loopwright.formats.training_set import TrainingSet
from loopwright.monitoring.rules.confidence_drift import confidence_drift
from loopwright.monitoring.rules.embedding_drift import embedding_drift
from loopwright.monitoring.rules.rows_drift import rows_drift
from loopwright.monitoring.rules.target_drift import target_drift
from loopwright.monitoring.rules.text_drift import text_drift

SIGNATURE = Signature(
    task="binary",
    request=(),
    features=(
        Column(name="x", kind="float"),
        Column(name="y", kind="float"),
        Column(name="c", kind="category", categories=("a", "b")),
    ),
    classes=(False, True),
    label="late",
)


@pytest.fixture
def rows():
    features = pl.DataFrame({"x": [1.0, 2.0], "y": [3.0, None], "c": pl.Series([0, 1], dtype=pl.Int32)})
    about = pl.DataFrame({"comment": ["late gate", None], "vector": [[1.0, 2.0], [3.0, 4.0]]})
    return TrainingSet(features=features, label=np.asarray([0, 1]), about=about, signature=SIGNATURE)


@pytest.fixture
def logged():
    return pl.DataFrame(
        {
            "inputs": [
                {"x": 1.0, "c": "a", "comment": "late gate", "vector": [1.0, 2.0]},
                {"x": 2.0, "c": "b", "comment": None, "vector": [3.0, 4.0]},
            ],
            "features": [{"y": 3.0}, {"y": None}],
            "score": [0.9, 0.2],
            "label": [False, True],
            "output": [{"score": 0.9}, {"score": 0.2}],
            "at": [datetime.datetime(2026, 1, 1)] * 2,
        }
    )


@pytest.mark.parametrize(
    "rule",
    [
        rows_drift(),
        rows_drift(method="pca"),
        rows_drift("y", method="mmd"),
        embedding_drift("vector"),
        embedding_drift(["x", "y"]),
        text_drift("comment"),
        confidence_drift(),
        target_drift(),
    ],
    ids=lambda rule: rule.name,
)
def test_training_and_logged_rows_give_one_table(rule, rows, logged):
    trained = training_table(rule, rows, answers=np.asarray([0.9, 0.2]), label=np.asarray([False, True]))
    live = logged_table(rule, logged, SIGNATURE, columns=trained.columns)
    assert live.columns == trained.columns
    if rule.name.startswith("text"):
        assert live["tokens"].to_list() == trained["tokens"].to_list()
    else:
        same = [table.cast(pl.Float64).fill_null(float("nan")).to_numpy() for table in (live, trained)]
        np.testing.assert_allclose(*same)


def test_distances_leave_categories_out_and_trees_do_not():
    assert feature_names(rows_drift(), SIGNATURE) == ("x", "y", "c")
    assert feature_names(rows_drift(method="pca"), SIGNATURE) == ("x", "y")
    assert feature_names(rows_drift(["c"], method="mmd"), SIGNATURE) == ("c",)


def test_a_column_that_training_rows_lack_is_said(rows):
    for rule in (text_drift("no"), embedding_drift("no"), rows_drift(["x", "no"])):
        with pytest.raises(MissingColumnError, match="no"):
            training_table(rule, rows, answers=np.zeros(2), label=np.zeros(2, dtype=bool))


def test_a_column_that_requests_lack_has_no_values(logged):
    bare = logged.drop("inputs", "features")
    assert logged_texts(bare, "comment") == [None, None]
    assert logged_table(text_drift("comment"), bare, SIGNATURE, columns=["tokens"])["tokens"].to_list() == [[], []]
    vector = logged_table(embedding_drift("vector"), bare, SIGNATURE, columns=["vector[0]", "vector[1]"])
    assert vector.to_numpy() == pytest.approx(np.full((2, 2), np.nan), nan_ok=True)


def test_a_column_that_became_text_has_no_values(logged):
    changed = logged.with_columns(inputs=pl.Series([{"x": "much", "c": "a"}, {"x": "more", "c": "b"}]))
    table = logged_table(rows_drift(["x"]), changed, SIGNATURE, columns=["x"])
    assert table["x"].is_nan().all()


def test_lists_of_another_length_and_none_have_no_values():
    vectors = pl.Series("v", [[1.0, 2.0], [3.0], None, [5.0, 6.0]])
    table = list_table(vectors)
    assert table.columns == ["v[0]", "v[1]"]
    assert table["v[1]"].to_list() == pytest.approx([2.0, np.nan, np.nan, 6.0], nan_ok=True)
    assert list_table(vectors, dimensions=3).to_numpy() == pytest.approx(np.full((4, 3), np.nan), nan_ok=True)
    assert list_table(pl.Series("v", [None, None], dtype=pl.List(pl.Float64))).shape == (2, 1)
    assert list_table(pl.Series("v", ["a"]), dimensions=2).shape == (1, 2)
