"""Labelled requests as rows to learn from."""

import pytest
from tests.app.labelling.conftest import Served

from loopwright.app.labelling.training_rows import land_labelled
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.data.versions import read
from loopwright.errors import UsageError
from loopwright.observations.labels import LabelRow, append_labels


def label(served: Served, *names: str, value: bool = True) -> None:
    at = served.now
    rows = [
        LabelRow(endpoint="small", value=value, event_time=at, at=at, source="feedback", request_id=n) for n in names
    ]
    append_labels(served.workspace.stores.tables, rows)


def test_labelled_requests_become_a_version_with_the_datasets_types(served: Served) -> None:
    before = read(served.workspace.stores, "table")
    label(served, "r1", "r2")
    label(served, "r3", value=False)
    done = land_labelled(served.workspace, served.project.loaded())
    assert (done.dataset, done.rows, done.known) == ("table", 3, 0)
    after = read(served.workspace.stores, "table")
    assert after.schema == before.schema
    new = after.join(before, on="id", how="anti").sort("id")
    assert new.select("id", "n", "y").rows() == [(1_001, 3, True), (1_002, 3, True), (1_003, 3, False)]
    assert new["x"].null_count() == 0


def test_the_same_requests_again_land_nothing(served: Served) -> None:
    label(served, "r1")
    first = land_labelled(served.workspace, served.project.loaded())
    again = land_labelled(served.workspace, served.project.loaded())
    assert (again.rows, again.known, again.version) == (0, 1, None)
    label(served, "r2")
    third = land_labelled(served.workspace, served.project.loaded())
    assert (third.rows, third.known) == (1, 1)
    assert third.version != first.version


def test_the_next_run_learns_from_them(served: Served) -> None:
    label(served, *(f"r{i}" for i in range(0, 60)))
    done = land_labelled(served.workspace, served.project.loaded())
    judged = run_loop(served.workspace, served.project.loaded()).judged
    assert judged is not None
    origin = served.workspace.stores.ledger.record("origin", judged.version)
    assert origin is not None
    assert origin.data["pins"]["versions"]["table"] == done.version
    assert champion_of(served.workspace, "small") is not None


def test_nothing_labelled_is_nothing_to_land(served: Served) -> None:
    assert land_labelled(served.workspace, served.project.loaded()).rows == 0


def test_without_a_key_rows_could_be_learned_twice(served: Served) -> None:
    served.project.change(', key="id"', "")
    with pytest.raises(UsageError, match="cannot be told"):
        land_labelled(served.workspace, served.project.loaded())
