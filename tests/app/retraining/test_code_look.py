"""Asking what the training code is now: in a process of its own, or at once where the loop was loaded just now."""

import sys
from typing import Any

import pytest
from tests.app.retraining.here import here

from loopwright.app.retraining.code_look import CodeLook
from loopwright.app.retraining.process import RetrainProcess
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.retraining.view import retraining_view
from loopwright.app.versions import champion_of

Project = Any


def loaded_anew(project: Project) -> Any:
    sys.modules.pop("loop", None)
    return project.loaded()


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_named: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(RetrainProcess, "start", refuse)


@pytest.mark.usefixtures("no_process")
def test_where_no_file_has_changed_nothing_is_asked(project: Project) -> None:
    workspace = project.workspace()
    version = str(champion_of(workspace, "small"))
    for fresh in (True, False):
        assert CodeLook(workspace, project.loaded(), waits=True, fresh=fresh).look(version) is None


@pytest.mark.usefixtures("no_process")
def test_a_loop_that_was_loaded_just_now_is_read_at_once(project: Project) -> None:
    version = str(champion_of(project.workspace(), "small"))
    project.change("steps=[50, 100]", "steps=[20, 100]")
    found = CodeLook(project.workspace(), loaded_anew(project), waits=True, fresh=True).look(version)
    assert found is not None
    assert found[0] == found[1]
    project.change("return 5", "return 6")
    found = CodeLook(project.workspace(), loaded_anew(project), waits=True, fresh=True).look(version)
    assert found is not None
    assert found[0] != found[1]


@pytest.mark.usefixtures("no_process")
def test_where_retraining_stands_is_told_without_another_process(project: Project) -> None:
    project.change("lw.on_new_data(table, rows=100)", "lw.on_code_change()")
    workspace = project.workspace()
    (standing,) = retraining_view(
        workspace, (loaded := loaded_anew(project)).loop, Retrainer(workspace, loaded, fresh=True)
    ).triggers
    assert standing.wants is False
    project.change("return 5", "return 6")
    (standing,) = retraining_view(
        workspace, (loaded := loaded_anew(project)).loop, Retrainer(workspace, loaded, fresh=True)
    ).triggers
    assert standing.wants is True


@pytest.mark.slow
def test_an_edit_of_the_training_step_wants_a_retrain_and_any_other_edit_does_not(project: Project) -> None:
    project.change("lw.on_new_data(table, rows=100)", "lw.on_code_change()")
    workspace, loaded = project.workspace(), project.loaded()
    look = CodeLook(workspace, loaded, waits=True)
    version = str(champion_of(workspace, "small"))
    found = look.look(version)
    assert found is not None
    assert found[0] == found[1]  # the trigger itself is no training code
    assert here(project, workspace).step(None) is None
    project.change("return 5", "return 6")
    found = look.look(version)
    assert found is not None
    assert found[0] != found[1]
    project.change("return 6", "return 6 +")
    assert look.look(version) is None  # a file that cannot be loaded is no reason to train
