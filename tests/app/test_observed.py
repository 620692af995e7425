from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loopwright.app.observed import answered, model_columns, plain_row, prediction_column, scores_of
from loopwright.app.workspace import open_workspace
from loopwright.core.schema import Column, Signature
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.store.tables import Tables

FEATURES = (
    Column(name="x", kind="float"),
    Column(name="seen", kind="float", nullable=True),
    Column(name="colour", kind="category", categories=("red", "blue"), nullable=True),
)
SIGNATURE = Signature(task="binary", request=FEATURES, features=FEATURES, classes=(False, True))


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    workspace = open_workspace(tmp_path, create=True)
    yield workspace.stores.tables
    workspace.close()


def ask(tables: Tables, at: int, **fields: Any) -> None:
    usual = {"at": at, "event_time": at, "endpoint": "e", "arm": "champion", "version": "v", "inputs": {}}
    RequestLog(tables).append([RequestRow(request_id=f"r{at}", **(usual | fields))])


def test_answers_are_those_of_one_endpoint_in_order_of_event_time(tables: Tables) -> None:
    ask(tables, 10, event_time=99)
    ask(tables, 11)
    ask(tables, 12, status=503)
    ask(tables, 13, endpoint="other")
    ask(tables, 14, version="w")
    assert answered(tables, "e")["request_id"].to_list() == ["r11", "r14", "r10"]
    assert answered(tables, "e", version="v")["request_id"].to_list() == ["r11", "r10"]
    assert answered(tables, "e", since=11, until=14)["request_id"].to_list() == ["r11"]


def test_a_log_without_rows_is_empty(tables: Tables) -> None:
    assert answered(tables, "e").height == 0


def test_columns_are_as_the_model_saw_them(tables: Tables) -> None:
    ask(tables, 10, inputs={"x": 1, "colour": "blue"}, features={"seen": 4})
    ask(tables, 11, inputs={"x": 2.5, "colour": "green"}, features={"seen": None})
    ask(tables, 12, inputs={"x": 3.0, "colour": None}, features={"seen": 0})
    columns = model_columns(answered(tables, "e"), SIGNATURE)
    assert columns["x"].tolist() == [1.0, 2.5, 3.0]
    assert np.array_equal(columns["seen"], [4.0, np.nan, 0.0], equal_nan=True)
    assert columns["colour"].tolist() == [1, -1, -1]


def test_a_joined_feature_counts_before_an_input_of_the_same_name(tables: Tables) -> None:
    ask(tables, 10, inputs={"x": 1.0, "seen": 7.0}, features={"seen": 4.0})
    assert model_columns(answered(tables, "e"), SIGNATURE)["seen"].tolist() == [4.0]


def test_a_feature_that_was_never_logged_is_missing_throughout(tables: Tables) -> None:
    ask(tables, 10, inputs={"x": 1.0})
    columns = model_columns(answered(tables, "e"), SIGNATURE)
    assert np.isnan(columns["seen"]).all()
    assert columns["colour"].tolist() == [-1]


def test_scores_of_a_request_that_has_none_are_missing(tables: Tables) -> None:
    ask(tables, 10, score=0.25)
    ask(tables, 11)
    rows = answered(tables, "e")
    assert np.array_equal(scores_of(rows, SIGNATURE), [0.25, np.nan], equal_nan=True)
    assert np.array_equal(prediction_column(rows, SIGNATURE), [0.25, np.nan], equal_nan=True)


def test_of_several_classes_the_probabilities_are_scores_and_the_likeliest_is_watched(tables: Tables) -> None:
    ask(tables, 10, output={"probabilities": [0.2, 0.7, 0.1]})
    ask(tables, 11, output={"probabilities": [0.5, 0.3, 0.2]})
    signature = Signature(task="multiclass", request=FEATURES, features=FEATURES, classes=("a", "b", "c"))
    rows = answered(tables, "e")
    assert scores_of(rows, signature).tolist() == [[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]]
    assert prediction_column(rows, signature).tolist() == [1.0, 0.0]


def test_a_row_for_a_request_says_times_as_text() -> None:
    assert plain_row({"at": datetime(2013, 4, 1, tzinfo=UTC), "x": 1}) == {"at": "2013-04-01T00:00:00+00:00", "x": 1}


def test_declared_defaults_and_streams_are_no_predictions_of_the_model(tables: Tables) -> None:
    ask(tables, 10, score=0.25, output={"prediction": False, "score": 0.25})
    ask(tables, 11, arm="default", score=0.5, output={"prediction": True, "score": 0.5})
    ask(tables, 12, output={"events": "[]", "count": 0, "text": None, "ended": "complete"})
    rows = answered(tables, "e")
    assert rows["request_id"].to_list() == ["r10"]
    assert scores_of(rows, SIGNATURE).tolist() == [0.25]


def test_of_several_classes_a_row_without_probabilities_has_none(tables: Tables) -> None:
    ask(tables, 10, output={"prediction": "a"})
    signature = Signature(task="multiclass", request=FEATURES, features=FEATURES, classes=("a", "b", "c"))
    assert np.isnan(scores_of(answered(tables, "e"), signature)).all()
    ask(tables, 11, output={"prediction": "b", "probabilities": [0.2, 0.7, 0.1]})
    found = scores_of(answered(tables, "e"), signature)
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [0.2, 0.7, 0.1]
