from typing import Any

import numpy as np
import polars as pl
import pytest

from loopwright.app.packaging import (
    days_of,
    event_times,
    example_of,
)
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.core.clock import SECOND
from loopwright.core.schema import Column, Signature
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet
from loopwright.monitoring.reference import LABEL, PREDICTION, Reference
from loopwright.registry.bundle import read_manifest
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Project = Any
COUNT, HELD = 200, 80


def reference(project: Project) -> Reference:
    workspace = project.workspace()
    found = reference_of(workspace, manifest_of(workspace, str(champion_of(workspace, "small"))))
    assert found is not None
    return found


def counted(found: Reference, column: str) -> int:
    one = found.column(column)
    assert one is not None
    return sum(one.counts)


def test_the_reference_covers_all_rows_and_answers_only_where_the_model_had_not_learned(project: Project) -> None:
    found = reference(project)
    assert found.rows == COUNT
    assert {counted(found, name) for name in ("x", "n", LABEL)} == {COUNT}
    assert counted(found, PREDICTION) == HELD


def test_rows_without_a_key_are_found_again_by_their_split(bare: Project) -> None:
    bare.change(', key="id")', ")")
    run_loop(bare.workspace(), bare.loaded())
    found = reference(bare)
    assert (found.rows, counted(found, "x"), counted(found, PREDICTION)) == (COUNT, COUNT, HELD)


def test_a_holdout_of_the_loop_s_own_making_is_all_that_the_reference_knows(bare: Project) -> None:
    bare.change("known, holdout = rows.split(fraction=0.4)", "known, holdout = halves(rows)")
    bare.change(', key="id")', ")")
    bare.change(
        "\n@lw.pipeline\n",
        """
@lw.step(isolated=False)
def halves(rows: lw.TrainingSet) -> tuple[lw.TrainingSet, lw.TrainingSet]:
    return rows.split(fraction=0.4)


@lw.pipeline
""",
    )
    run_loop(bare.workspace(), bare.loaded())
    assert (reference(bare).rows, counted(reference(bare), PREDICTION)) == (HELD, HELD)


def test_the_example_is_a_row_of_the_holdout_that_the_model_answers(project: Project) -> None:
    workspace = project.workspace()
    version = str(champion_of(workspace, "small"))
    example = read_manifest(workspace.stores.blobs, version).example
    assert set(example) == {"id", "x", "n"}
    table = pl.read_csv(project.folder / "data" / "first.csv").filter(pl.col("id") == example["id"])
    assert table.select("x", "n").row(0) == (example["x"], example["n"])
    model = Model.load(bundle_folder(workspace.stores.blobs, version, workspace.home / "run"))
    scores = model.predict({name: np.array([float(example[name])]) for name in ("x", "n")})
    assert 0.0 <= float(scores["score"][0]) <= 1.0


def test_the_example_brings_the_joined_features_along(sensed: Project) -> None:
    workspace = sensed.workspace()
    example = manifest_of(workspace, str(champion_of(workspace, "small"))).example
    assert set(example) == {"id", "at", "room", "x", "readings", "warmth"}
    assert example["readings"] <= 30
    assert isinstance(example["at"], str)


def test_a_pipeline_that_hands_over_no_rows_is_told_what_to_return(bare: Project) -> None:
    bare.change("lw.Candidate(train(known, depth), holdout)", "lw.Candidate(train(known, depth), seven())")
    bare.change("\n@lw.pipeline\n", "\n@lw.step(isolated=False)\ndef seven() -> int:\n    return 7\n\n\n@lw.pipeline\n")
    with pytest.raises(UsageError, match="holdout is a int") as caught:
        run_loop(bare.workspace(), bare.loaded())
    assert "rows.split" in caught.value.fix


def timed(**about: Any) -> TrainingSet:
    columns = (Column(name="x", kind="float"),)
    return TrainingSet(
        features=pl.DataFrame({"x": [1.0, 2.0]}),
        label=np.array([0, 1]),
        about=pl.DataFrame(about),
        signature=Signature(
            task="binary", request=columns, features=columns, classes=(False, True), label="y", event_time="at"
        ),
    )


def test_event_times_are_microseconds_whatever_the_column_holds() -> None:
    day = 86_400 * SECOND
    as_time = pl.Series([3 * day, 3 * day + 5]).cast(pl.Datetime("us"))
    for column in ([3 * day, 3 * day + 5], as_time, as_time.cast(pl.Datetime("ms"))):
        times = event_times(timed(at=column, x=[1.0, 2.0]))
        assert times is not None
        assert times[0] == 3 * day
        assert days_of(timed(at=column, x=[1.0, 2.0])).tolist() == [3, 3]  # type: ignore[union-attr]
    assert event_times(timed(x=[1.0, 2.0])) is None


def test_an_example_says_a_time_as_text_and_a_missing_number_as_none() -> None:
    rows = timed(at=pl.Series([0, 0]).cast(pl.Datetime("us")), x=[None, 2.0])
    assert example_of(rows) == {"x": None}
