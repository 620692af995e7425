"""What is written of a part: one row for each accepted row, one for each refused one."""

import numpy as np
import polars as pl
import pytest

from loopwright.app.batch.answers import Given, answers, check_kept, rejects
from loopwright.app.batch.screen import screen_table
from loopwright.core.schema import Column, Signature
from loopwright.errors import UsageError
from loopwright.serving.door import Door

X = Column(name="x", kind="float")
AT = Column(name="at", kind="datetime", nullable=True)
ROWS = pl.DataFrame({"x": [0.5, float("inf"), None, 2.0], "at": [0, 1, 2, 3], "tags": [["a"], ["b"], None, ["c"]]})
GIVEN = Given(rows=ROWS, source="in.parquet", start=100)


def signature(task: str, classes: tuple[object, ...] = ()) -> Signature:
    return Signature(task=task, request=(X, AT), features=(X,), classes=classes)  # type: ignore[arg-type]


def test_a_binary_answer_and_where_its_row_stood() -> None:
    made = signature("binary", (False, True))
    screened = screen_table(Door(made), ROWS)

    found = answers(
        made, GIVEN, screened, version="v", outputs={"score": np.array([0.2, 0.7])}, keep=(), policy="refuse"
    )

    assert found.columns == ["source", "row", "prediction", "score", "model_version"]
    assert found.rows() == [("in.parquet", 101, False, 0.2, "v"), ("in.parquet", 104, True, 0.7, "v")]


def test_several_classes_have_a_column_each_and_kept_columns_come_first() -> None:
    made = signature("multiclass", ("a", "b", "c"))
    screened = screen_table(Door(made), ROWS)
    probabilities = np.array([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1]])

    found = answers(
        made,
        GIVEN,
        screened,
        version="v",
        outputs={"probabilities": probabilities},
        keep=("at", "tags", "gone"),
        policy="refuse",
    )

    assert found["prediction"].to_list() == ["c", "a"]
    assert found["probability_c"].to_list() == [0.7, 0.1]
    assert found["tags"].to_list() == [["a"], ["c"]]
    assert found["gone"].to_list() == [None, None]
    assert found.schema["at"] == pl.Datetime("us", "UTC")


def test_flags_stand_beside_what_they_are_about() -> None:
    made = signature("regression")
    screened = screen_table(Door(made, "flag"), ROWS)

    found = answers(
        made, GIVEN, screened, version="v", outputs={"score": np.array([1.0, 2.0, 3.0])}, keep=("x",), policy="flag"
    )

    assert found["flags"].to_list() == [None, "x:required", None]
    assert found["prediction"].to_list() == found["score"].to_list() == [1.0, 2.0, 3.0]


def test_a_part_without_an_accepted_row_has_the_same_columns() -> None:
    made = signature("binary", (False, True))
    none = Given(rows=ROWS.slice(1, 1), source="s", start=0)
    screened = screen_table(Door(made), none.rows)

    found = answers(
        made, none, screened, version="v", outputs={"score": np.empty(0)}, keep=("at",), policy="refuse"
    )  # fmt: skip

    assert found.schema == {
        "at": pl.Datetime("us", "UTC"), "prediction": pl.Boolean(), "score": pl.Float64(), "model_version": pl.String(),
    }  # fmt: skip


def test_refused_rows_say_where_and_why() -> None:
    screened = screen_table(Door(signature("regression")), ROWS)

    found = rejects(GIVEN, screened.refusals, ("tags", "gone"))

    assert found.columns == ["source", "row", "field", "rule", "expected", "breaches", "tags"]
    assert found.select("row", "field", "rule", "breaches", "tags").rows() == [
        (102, "x", "type", "x:type", "['b']"),
        (103, "x", "required", "x:required", None),
    ]


def test_an_answers_own_columns_cannot_be_kept() -> None:
    check_kept(("source", "x"), signature("regression"))
    for name in ("score", "model_version", "probability_a"):
        with pytest.raises(UsageError, match=name):
            check_kept((name,), signature("multiclass", ("a", "b", "c")))
