from typing import Any

import polars as pl
import pytest

from loopwright.app.intake import push_rows
from loopwright.app.landing import land_all, waiting
from loopwright.app.trace import journal
from loopwright.errors import DataRefusedError

Project = Any
NEW = pl.DataFrame({"id": [7000, 7001], "x": [1.0, 2.0], "n": [1, 2], "y": [True, False]})
ROW = {"id": 8000, "x": 1.0, "n": 1, "y": True}


def test_a_dataset_that_is_up_to_date_waits_for_nothing(project: Project) -> None:
    assert waiting(project.workspace(), project.loaded().datasets) == {}


def test_a_new_file_and_a_pushed_batch_wait_until_they_have_landed(project: Project) -> None:
    workspace, datasets = project.workspace(), project.loaded().datasets
    project.data(NEW)
    file = waiting(workspace, datasets)["table"]
    assert (file.files, file.pushed) == (("data/more.csv",), 0)
    push_rows(workspace, datasets, (), name="table", rows=[ROW])
    both = waiting(workspace, datasets)["table"]
    assert (both.files, both.pushed) == (("data/more.csv",), 1)
    assert both.digest != file.digest
    assert [event.kind for event in journal(workspace.stores.ledger)].count("dataset_landed") == 1
    seqs = land_all(workspace, datasets)
    kinds = {event.seq: event.kind for event in journal(workspace.stores.ledger)}
    assert [kinds[seq] for seq in seqs] == ["dataset_landed", "dataset_landed"]
    assert waiting(workspace, datasets) == {}
    assert land_all(workspace, datasets) == ()


def test_a_pushed_batch_waits_where_there_is_no_new_file(project: Project) -> None:
    workspace, datasets = project.workspace(), project.loaded().datasets
    for id_ in (8000, 8001):
        push_rows(workspace, datasets, (), name="table", rows=[ROW | {"id": id_}])
    assert (waiting(workspace, datasets)["table"].files, waiting(workspace, datasets)["table"].pushed) == ((), 2)


def test_what_waits_has_the_same_name_until_it_changes(project: Project) -> None:
    workspace, datasets = project.workspace(), project.loaded().datasets
    project.data(NEW)
    digests = [waiting(workspace, datasets)["table"].digest for _ in range(2)]
    project.data(NEW.head(1))
    assert digests[0] == digests[1] != waiting(workspace, datasets)["table"].digest


def test_a_file_that_changed_waits_again(project: Project) -> None:
    workspace, datasets = project.workspace(), project.loaded().datasets
    project.data(NEW)
    land_all(workspace, datasets)
    project.data(NEW.with_columns(x=pl.lit(5.0)))
    assert waiting(workspace, datasets)["table"].files == ("data/more.csv",)


def test_a_refused_landing_leaves_the_dataset_as_it_was(project: Project) -> None:
    workspace, datasets = project.workspace(), project.loaded().datasets
    before = workspace.stores.ledger.ref("default/dataset/table@latest")
    project.data(NEW.with_columns(x=pl.lit("much")))
    with pytest.raises(DataRefusedError):
        land_all(workspace, datasets)
    assert workspace.stores.ledger.ref("default/dataset/table@latest") == before


def test_a_loop_without_datasets_lands_nothing(bare: Project) -> None:
    workspace = bare.workspace()
    assert (waiting(workspace, {}), land_all(workspace, {})) == ({}, ())
    assert not (bare.home / "tables").exists() or not list((bare.home / "tables").iterdir())
