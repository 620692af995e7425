from typing import Any

import msgspec

from loopwright.app.loop_run import LoopRun
from loopwright.app.run import run_loop
from loopwright.core.codec import plain, to_json

Project = Any


def test_a_run_that_ran_nothing_is_unchanged(project: Project) -> None:
    workspace = project.workspace()
    again = run_loop(workspace, project.loaded())
    assert again.unchanged
    assert (again.ran, again.landed) == ((), ())
    assert "train" in again.reused
    assert not run_loop(workspace, project.loaded(), parameters={"depth": 3}).unchanged


def test_an_answer_is_the_same_after_it_was_kept_as_json(bare: Project) -> None:
    done = run_loop(bare.workspace(), bare.loaded())
    assert done.judged is not None
    assert msgspec.convert(plain(to_json(done)), LoopRun) == done


def test_events_are_in_order_and_each_is_there_once(bare: Project) -> None:
    done = run_loop(bare.workspace(), bare.loaded())
    assert list(done.events) == sorted(set(done.events))
    assert set(done.landed) <= set(done.events)
    assert done.judged is not None
    assert set(done.judged.events) <= set(done.events)
