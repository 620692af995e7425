"""Whether the training code is the champion's, as the files are now."""

import sys
from typing import Any

from loopwright.app.retraining.code_change import champion_code, files_as_of, training_code
from loopwright.app.run import graph_of
from loopwright.app.versions import champion_of

Project = Any


def now(project: Project) -> str:
    sys.modules.pop("loop", None)
    return training_code(project.loaded())


def test_the_champions_code_is_that_of_its_run(project: Project) -> None:
    workspace, loaded = project.workspace(), project.loaded()
    version = str(champion_of(workspace, "small"))
    before = champion_code(workspace, "small", version, graph=graph_of(loaded, None))
    assert before == now(project)
    project.change("steps=[50, 100]", "steps=[20, 100]")  # not the training code
    assert now(project) == before
    project.change("return 5", "return 6")  # what the step calls
    assert now(project) != before


def test_a_version_whose_run_is_not_recorded_has_no_known_code(project: Project) -> None:
    workspace, loaded = project.workspace(), project.loaded()
    assert champion_code(workspace, "small", "0" * 64, graph=graph_of(loaded, None)) is None


def test_files_are_compared_before_anything_is_started(project: Project) -> None:
    workspace = project.workspace()
    version = str(champion_of(workspace, "small"))
    assert files_as_of(workspace, version, project.folder)[0] is False
    before = files_as_of(workspace, version, project.folder)[1]
    project.change("return 5", "return 6")
    changed, seen = files_as_of(workspace, version, project.folder)
    assert changed
    assert seen != before
    assert files_as_of(workspace, "0" * 64, project.folder) == (False, ())
