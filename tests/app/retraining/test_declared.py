"""What a loop file may declare, and what it may not."""

from pathlib import Path
from typing import Any

import pytest
from tests.app.retraining.here import Stuck, here
from tests.app.retraining.test_retrainer import land, more

from loopwright.app.cron import cron
from loopwright.app.loop import Loop
from loopwright.app.retraining.alone import holder, take_lock
from loopwright.app.retraining.budget import over_budget, parse_budget, parse_price, seconds_left
from loopwright.app.retraining.by_hand import require_champion
from loopwright.app.retraining.process import RetrainProcess
from loopwright.app.retraining.retraining import Retraining
from loopwright.app.retraining.said import Errand
from loopwright.app.retraining.triggers import label_of, on_alert, on_code_change, on_labels, on_new_data
from loopwright.app.retraining.view import retraining_view
from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError

Project = Any
TABLE = Dataset("table", source="data/*.csv")


def test_a_list_of_triggers_is_short_for_retraining() -> None:
    triggers = [on_alert(), cron("0 3 * * *")]
    loop = Loop("a", pipeline=print, retrain=triggers)
    assert loop.retraining == Retraining(on=tuple(triggers))
    assert list(Retraining(on=triggers)) == triggers
    assert Loop("a", pipeline=print, retrain=Retraining(mode="suggest")).retraining.mode == "suggest"


def test_triggers_say_what_they_are() -> None:
    said = [label_of(t) for t in (on_alert(checks="drift"), on_labels(5), on_code_change(), cron("0 3 * * *"))]
    assert said == ["on_alert(drift)", "on_labels(5)", "on_code_change()", "cron(0 3 * * *)"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: on_new_data(TABLE),
        lambda: on_new_data(TABLE, rows=0),
        lambda: on_new_data(TABLE, partitions=0),
        lambda: on_new_data(TABLE, newer_by="7d"),
        lambda: on_new_data(TABLE, rows=1, cooldown="soon"),
        lambda: on_alert(severity="loud"),
        lambda: on_alert(max_per_day=0),
        lambda: on_labels(0),
        lambda: Retraining(mode="maybe"),  # type: ignore[arg-type]
        lambda: Retraining(cooldown="soon"),
        lambda: Retraining(at_most="soon"),
        lambda: Retraining(max_per_day=0),
        lambda: Retraining(budget="20 USD"),
        lambda: Retraining(budget="20 USD/decade"),
        lambda: Retraining(budget=["1h/day", "lots/day"]),
        lambda: Retraining(price="cheap"),
        lambda: Retraining(price="1 USD/day"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_written(make: Any) -> None:
    with pytest.raises(UsageError) as refused:
        make()
    assert refused.value.what


def test_what_is_left_of_a_budget_limits_the_next_run() -> None:
    price = parse_price("2 USD/h")
    budgets = [parse_budget("10 USD/day"), parse_budget("8h/day")]
    assert seconds_left(budgets, price, [], now=0) == 5 * 3600
    assert seconds_left(budgets, None, [], now=0) == 8 * 3600
    assert seconds_left([], price, [], now=0) is None
    assert over_budget([], None, [], now=0) == ""


def test_whoever_trains_says_so(bare: Project) -> None:
    workspace = bare.workspace()
    assert holder(workspace, "small") == "another run"
    lock = take_lock(workspace, "small", "a run by hand")
    assert lock is not None
    assert take_lock(workspace, "small", "another") is None
    assert holder(workspace, "small").startswith("a run by hand, since ")
    lock.release()
    with pytest.raises(UsageError, match="no champion"):
        require_champion(workspace, "small")


def test_the_view_names_what_runs_and_what_holds_the_rest(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace, Stuck)
    retrainer.step(None)
    retrainer.step(None)
    view = retraining_view(workspace, project.loaded().loop, retrainer)
    assert view.running is not None
    assert view.triggers[0].wants
    retrainer.stop()
    here(project, workspace).step(None)
    view = retraining_view(workspace, project.loaded().loop, retrainer)
    assert view.running is None
    assert view.missed == 1
    assert "not better" in view.triggers[0].held
    assert view.newest[0].outcome == "failed"


@pytest.mark.slow
def test_a_process_that_cannot_begin_says_why(tmp_path: Path) -> None:
    errand = Errand(project=str(tmp_path), home=str(tmp_path / "none"), file=str(tmp_path / "loop.py"))
    process = RetrainProcess.start(errand, tmp_path / "folder")
    said = None
    while said is None:
        said = process.said()
    assert not said.status
    assert "LW" in said.why
    assert process.progress() is None
    process.stop()


@pytest.mark.slow
def test_a_process_that_is_stopped_leaves_no_word(tmp_path: Path) -> None:
    errand = Errand(project=str(tmp_path), home=str(tmp_path / "none"), file=str(tmp_path / "loop.py"))
    process = RetrainProcess.start(errand, tmp_path / "folder")
    process.stop()
    said = process.said()
    assert said is not None
    assert "exit code" in said.why
