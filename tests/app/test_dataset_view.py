from typing import Any

import polars as pl
import pytest

from loopwright.app.dataset_view import view_dataset
from loopwright.app.landing import land_all
from loopwright.errors import NotFoundError

Project = Any


def test_a_first_version_has_a_profile_and_no_change(project: Project) -> None:
    found = view_dataset(project.workspace(), "table")
    assert (found.name, found.profile.rows, found.change) == ("table", 200, None)
    assert [column.name for column in found.profile.columns] == ["id", "x", "n", "y"]


def test_a_second_version_says_what_changed_since_the_first(project: Project) -> None:
    workspace = project.workspace()
    before = view_dataset(workspace, "table").version
    changed = pl.DataFrame({"id": [0, 7000, 7001], "x": [9.0, 9.0, 9.0], "n": [1, 1, 1], "y": [True, True, True]})
    project.data(changed)
    land_all(workspace, project.loaded().datasets)
    found = view_dataset(workspace, "table")
    assert found.change is not None
    assert (found.change.before, found.change.after) == (before, found.version)
    assert (found.change.added, found.change.changed, found.change.removed) == (2, 1, 0)
    assert found.profile.rows == 202


def test_a_dataset_that_never_landed_is_not_found(bare: Project) -> None:
    with pytest.raises(NotFoundError, match="'table' has no version"):
        view_dataset(bare.workspace(), "table")
