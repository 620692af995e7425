from typing import Any

import msgspec
import numpy as np
import pandera.polars as pa
import polars as pl
import pytest

import loopwright as lw
from loopwright.app.landing import land_all
from loopwright.app.training_set import Pins, TrainingSets, encode_label, training_set
from loopwright.errors import DataRefusedError, MissingColumnError, NotFoundError, TargetError, UsageError
from loopwright.observations.labels import LabelRow, append_labels

Project = Any
TABLE = lw.Dataset("table", source="data/*.csv", key="id")


def frame(**columns: list[Any]) -> pl.DataFrame:
    base = {"id": ["a", "b", "c", "d"], "x": [1.0, 2.0, None, 4.0], "y": [True, False, True, None]}
    return pl.DataFrame(base | columns)


def declared(dataset: lw.Dataset, *features: str, label: str = "y", task: Any = None) -> Any:
    """The spec of a training set, as a pipeline holds it."""

    @lw.pipeline
    def rows() -> Any:
        return training_set(dataset, features=list(features) or ["x"], label=label, task=task)

    (spec,) = [node.source.spec for node in rows.trace({}).nodes if node.source is not None]
    return spec


class Sets:
    """A dataset in a home, and the training sets made of it."""

    def __init__(self, project: Project, table: pl.DataFrame, dataset: lw.Dataset = TABLE) -> None:
        self.workspace = project.workspace()
        self.dataset = dataset
        self.project = project
        (project.folder / "data" / "first.csv").unlink()
        self.land(table, "a.csv")

    def land(self, table: pl.DataFrame, name: str) -> None:
        self.project.data(table, name)
        land_all(self.workspace, {self.dataset.name: self.dataset})

    def feed(self, key: str, value: Any, *, at: int = 2**61, endpoint: str = "small") -> None:
        row = LabelRow(endpoint=endpoint, value=value, event_time=at, at=at, source="feedback", key=key)
        append_labels(self.workspace.stores.tables, [row])

    def resolver(self) -> TrainingSets:
        return TrainingSets(workspace=self.workspace, datasets={self.dataset.name: self.dataset}, endpoint="small")

    def spec(self, *features: str, **options: Any) -> Any:
        return declared(self.dataset, *features, **options)

    def load(self, *features: str, **options: Any) -> lw.TrainingSet:
        return self.resolver().load(self.spec(*features, **options))


def labels(made: lw.TrainingSet) -> dict[str, bool]:
    keys = made.about["id"].to_list()
    return {key: bool(made.signature.classes[int(code)]) for key, code in zip(keys, made.label, strict=True)}


def test_rows_without_a_label_are_left_out_and_the_label_is_no_column(bare: Project) -> None:
    made = Sets(bare, frame()).load()
    assert labels(made) == {"a": True, "b": False, "c": True}
    assert made.features.columns == ["x"]
    assert "y" not in made.about.columns
    assert np.isnan(made.features["x"].to_numpy()[2])


def test_a_label_from_feedback_wins_when_it_is_later_than_the_row(bare: Project) -> None:
    sets = Sets(bare, frame())
    sets.feed("a", False)
    sets.feed("d", True)
    sets.feed("b", True, at=1)
    sets.feed("c", False, endpoint="other")
    assert labels(sets.load()) == {"a": False, "b": False, "c": True, "d": True}


def test_the_latest_label_wins(bare: Project) -> None:
    sets = Sets(bare, frame())
    sets.feed("d", True, at=2**61)
    sets.feed("d", False, at=2**61 + 1)
    assert labels(sets.load())["d"] is False


def test_pins_make_the_same_set_whatever_came_later(bare: Project) -> None:
    sets = Sets(bare, frame())
    spec = sets.spec()
    pins = sets.resolver().pins_of(spec)
    before = sets.resolver().load(spec)
    sets.land(frame(id=["e", "f", "g", "h"]), "b.csv")
    sets.feed("a", False)
    pinned = TrainingSets(
        workspace=sets.workspace, datasets={"table": TABLE}, endpoint="small", pinned=msgspec.convert(pins, Pins)
    )
    again, newest = pinned.load(spec), sets.resolver().load(spec)
    assert again.features.equals(before.features)
    assert labels(again) == labels(before)
    assert len(newest) == len(before) + 3
    assert labels(newest)["a"] is False


def test_new_rows_and_new_labels_change_the_probe(bare: Project) -> None:
    sets = Sets(bare, frame())
    spec = sets.spec()
    first = sets.resolver().probe(spec)
    assert sets.resolver().probe(spec) == first
    sets.feed("a", False)
    second = sets.resolver().probe(spec)
    sets.land(frame(id=["e", "f", "g", "h"]), "b.csv")
    assert len({first, second, sets.resolver().probe(spec)}) == 3


def test_another_contract_over_the_same_rows_changes_the_probe(bare: Project) -> None:
    wide = pa.DataFrameSchema({"x": pa.Column(float, pa.Check.lt(100), nullable=True)})
    narrow = pa.DataFrameSchema({"x": pa.Column(float, pa.Check.lt(10), nullable=True)})
    spec = Sets(bare, frame()).spec()

    def probe(contract: Any, **declared: Any) -> str | None:
        table = lw.Dataset("table", source="data/*.csv", contract=contract, **({"key": "id"} | declared))
        return TrainingSets(workspace=bare.workspace(), datasets={"table": table}, endpoint="small").probe(spec)

    assert probe(wide) == probe(wide)
    assert len({probe(None), probe(None, key=None), probe(wide), probe(narrow)}) == 4


def test_before_the_data_has_landed_the_probe_is_unknown(bare: Project) -> None:
    sets = TrainingSets(workspace=bare.workspace(), datasets={"table": TABLE}, endpoint="small")
    spec = declared(TABLE)
    assert sets.probe(spec) is None
    with pytest.raises(NotFoundError):
        sets.load(spec)


def test_text_becomes_codes_frozen_in_the_signature(bare: Project) -> None:
    made = Sets(bare, frame(colour=["red", None, "blue", "red"])).load("colour", "x")
    (column,) = [column for column in made.signature.features if column.name == "colour"]
    assert column.categories == ("blue", "red")
    assert made.features["colour"].to_list() == [1, -1, 0]
    assert made.categorical == ("colour",)


@pytest.mark.parametrize(
    ("columns", "options", "error", "said"),
    [
        ({"y": [True] * 4}, {}, TargetError, "one class only"),
        ({"y": [None] * 4}, {}, TargetError, "no row has a label"),
        ({}, {"label": "z"}, MissingColumnError, "'z'"),
        ({"y": ["p", "q", "r", "p"]}, {"task": "binary"}, TargetError, "not two"),
        ({"y": ["p", "q", "r", "p"]}, {"task": "regression"}, TargetError, "no number"),
        ({"y": [0.5, 1.0, 2.0, 3.0]}, {"task": "multiclass"}, TargetError, "fractions"),
    ],
)
def test_a_target_that_cannot_be(
    bare: Project, columns: dict[str, list[Any]], options: dict[str, Any], error: type[DataRefusedError], said: str
) -> None:
    with pytest.raises(error, match=said):
        Sets(bare, frame(**columns)).load(**options)


def test_the_label_cannot_be_a_feature() -> None:
    with pytest.raises(UsageError, match="listed among the features"):
        training_set(TABLE, features=["x", "y"], label="y")


@pytest.mark.parametrize(
    ("values", "task", "classes", "codes"),
    [
        ([True, False], "binary", (False, True), [1, 0]),
        (["b", "a", "c"], "multiclass", ("a", "b", "c"), [1, 0, 2]),
        ([3, 7, 3], "binary", (3, 7), [0, 1, 0]),
        ([3, 7, 9], "regression", (), [3.0, 7.0, 9.0]),
        ([1.5, 2.5], "regression", (), [1.5, 2.5]),
    ],
)
def test_the_task_is_guessed_from_the_target(
    values: list[Any], task: str, classes: tuple[Any, ...], codes: Any
) -> None:
    assert [*map(str, encode_label(pl.Series("y", values), None)[:2])] == [task, str(classes)]
    assert encode_label(pl.Series("y", values), None)[2].tolist() == codes
