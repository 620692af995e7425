"""A champion that has fallen far: rolled back once, in one commit with its evidence, unless something forbids it."""

from typing import Any

import pytest
from tests.app.retraining.fallen import ask, fallen

from loopwright.app.monitor.judges.reevaluation import Fall
from loopwright.app.monitor.watch import Watch
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.releases.operations import Word
from loopwright.app.releases.rollback import kill, unkill
from loopwright.app.retraining.fall import answer_fall, fall_in
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.monitoring.rules.reevaluation import ReevaluationRule

Project = Any
DAY = 86_400 * SECOND


def test_the_best_earlier_champion_that_passes_takes_its_place(replayed: Project) -> None:
    home = fallen(replayed)
    loop = replayed.loaded().loop
    watcher = Watcher(home.workspace, loop)
    watcher.watch()
    ask(home)
    home.at(25)
    watch = watcher.watch()
    assert watch is not None
    assert [one.checks for one in watch.book.open.values()] == [("reevaluation(daily)",)]
    done = answer_fall(home.workspace, loop, watch)
    assert done is not None
    assert champion_of(home.workspace, "small") == home.good
    (record,) = home.workspace.stores.ledger.search("champion_fall", where={"endpoint": "small"})
    assert record.data["to"] == home.good
    assert record.data["rows"] == 800
    assert record.data["figures"][home.good]["at_least(roc_auc, 0.6)"]["outcome"] == "pass"
    events = {event.seq: event for event in journal(home.workspace.stores.ledger)}
    moved = events[done.events[-1]]
    assert moved.kind == "ref_moved"
    assert moved.data["reason"].startswith("re-evaluation: roc_auc")
    assert [events[seq].kind for seq in moved.caused_by] == ["incident_opened"]
    assert answer_fall(home.workspace, loop, watch) is None  # the state is about the one that was taken back


def test_without_a_limit_a_fall_alerts_and_nothing_is_rolled_back(replayed: Project) -> None:
    home = fallen(replayed, roll_back_beyond="None")
    loop = replayed.loaded().loop
    watcher = Watcher(home.workspace, loop)
    watcher.watch()
    ask(home)
    home.at(25)
    watch = watcher.watch()
    assert watch is not None
    assert len(watch.book.open) == 1
    assert answer_fall(home.workspace, loop, watch) is None
    assert champion_of(home.workspace, "small") == home.bad


def test_the_kill_switch_and_a_freeze_window_hold_it(replayed: Project) -> None:
    day = 'lw.Retraining(freeze=[lw.Freeze("2000-01-01 00:00", "2100-01-01 00:00")])'
    home = fallen(replayed)
    loop = replayed.loaded().loop
    watcher = Watcher(home.workspace, loop)
    watcher.watch()
    ask(home)
    home.at(25)
    watch = watcher.watch()
    kill(home.workspace, "small", Word(actor="user:a", reason="a test"))
    assert answer_fall(home.workspace, loop, watch) is None
    unkill(home.workspace, "small", Word(actor="user:a", reason="a test"))
    replayed.change("retrain=[]", f"retrain={day}")
    assert answer_fall(home.workspace, replayed.loaded().loop, watch) is None
    assert champion_of(home.workspace, "small") == home.bad
    assert answer_fall(home.workspace, loop, watch) is not None


@pytest.mark.parametrize(("age", "version", "found"), [(1, "v", True), (47, "v", True), (49, "v", False),
                                                       (1, "w", False)])  # fmt: skip
def test_what_was_found_is_about_one_champion_and_grows_old(age: int, version: str, found: bool) -> None:
    rule, now = ReevaluationRule(), 100 * DAY
    fall = Fall(version=version, to="b", at=now - age * 3600 * SECOND, why="", rows=5)
    state = {"version": fall.version, "to": fall.to, "at": fall.at, "why": fall.why, "rows": fall.rows}
    watch = Watch(version="v", states={rule.name: state})
    assert (fall_in(rule, watch, now=now) is not None) == found
    assert fall_in(rule, Watch(version="v"), now=now) is None
