from dataclasses import replace
from typing import Any

import polars as pl

from loopwright.app.arrivals import EVERY_S, Arrivals
from loopwright.app.online_intake import OnlineIntake
from loopwright.app.trace import journal
from loopwright.testing.clocks import ManualClock

Project = Any
GOOD = pl.DataFrame({"id": [7000], "x": [1.0], "n": [1], "y": [True]})
BAD = pl.DataFrame({"id": [7001], "x": ["much"], "n": [1], "y": [True]})


class Watched:
    """A loop's arrivals, by a clock of the test's own."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.clock = ManualClock()
        self.workspace = replace(project.workspace(), clock=self.clock)
        self.datasets = project.loaded().datasets
        self._arrivals = Arrivals(self.workspace, self.datasets)

    def look(self) -> list[str]:
        """Look once more; what the journal says of it."""
        before = len(list(journal(self.workspace.stores.ledger)))
        self.clock.sleep(EVERY_S)
        self._arrivals.land()
        return [event.kind for event in journal(self.workspace.stores.ledger)][before:]

    def push(self, key: int) -> None:
        rows = [{"id": key, "x": 1.0, "n": 1, "y": True}]
        OnlineIntake(self.workspace, self.datasets, "small").push("table", rows)


def test_a_new_file_lands_by_itself_once(project: Project) -> None:
    watched = Watched(project)
    assert watched.look() == []
    project.data(GOOD)
    assert watched.look() == ["dataset_landed"]
    assert watched.look() == []


def test_between_two_looks_nothing_is_read(project: Project) -> None:
    watched = Watched(project)
    watched.look()
    project.data(GOOD)
    watched._arrivals.land()
    assert [event.kind for event in journal(watched.workspace.stores.ledger)].count("dataset_landed") == 1
    assert watched.look() == ["dataset_landed"]


def test_a_bad_file_is_refused_once_and_again_when_it_changes(project: Project) -> None:
    watched = Watched(project)
    project.data(BAD)
    assert watched.look() == ["dataset_refused"]
    assert watched.look() == []
    project.data(BAD.with_columns(id=pl.lit(7002)))
    assert watched.look() == ["dataset_refused"]
    project.data(GOOD)
    assert watched.look() == ["dataset_landed"]


def test_a_bad_file_does_not_keep_pushed_rows_from_landing(project: Project) -> None:
    watched = Watched(project)
    project.data(BAD)
    watched.push(7003)
    assert watched.look() == ["dataset_refused", "dataset_landed"]
    watched.push(7004)
    assert watched.look() == ["dataset_landed"]
