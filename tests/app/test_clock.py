from typing import Any

import pytest

from loopwright.app.clock import ReplayClock, set_clock
from loopwright.errors import ClockRefusedError
from loopwright.testing.clocks import ManualClock

Project = Any


def test_a_replay_home_tells_the_time_that_was_set_in_every_process(replayed: Project) -> None:
    one, other = replayed.workspace(), replayed.workspace()
    at = one.clock.now() + 5
    set_clock(one.stores, at)
    assert (one.clock.now(), other.clock.now()) == (at, at)


def test_before_it_is_set_the_clock_is_the_machine_s(bare: Project) -> None:
    workspace = bare.workspace(replay=True)
    machine = ManualClock()
    assert ReplayClock(workspace.stores.ledger, machine).now() == machine.now()


def test_durations_are_real(bare: Project) -> None:
    workspace, machine = bare.workspace(replay=True), ManualClock()
    clock = ReplayClock(workspace.stores.ledger, machine)
    set_clock(workspace.stores, 1)
    before = clock.monotonic()
    clock.sleep(2.5)
    assert (clock.now(), clock.monotonic() - before) == (1, 2.5)


def test_the_clock_does_not_go_back(bare: Project) -> None:
    workspace = bare.workspace(replay=True)
    set_clock(workspace.stores, 100)
    set_clock(workspace.stores, 100)
    with pytest.raises(ClockRefusedError, match="go back"):
        set_clock(workspace.stores, 99)
    assert workspace.clock.now() == 100


def test_the_clock_of_a_real_home_cannot_be_set(project: Project) -> None:
    workspace = project.workspace()
    with pytest.raises(ClockRefusedError, match="cannot be set"):
        set_clock(workspace.stores, 2**60)
    assert workspace.stores.ledger.record("clock", "workspace") is None


def test_only_an_announced_move_is_in_the_journal(bare: Project) -> None:
    workspace = bare.workspace(replay=True)
    set_clock(workspace.stores, 100, announce=True)
    set_clock(workspace.stores, 200)
    events = workspace.stores.ledger.read()
    assert [(event.kind, event.logical_at) for event in events] == [("clock_set", 100)]
