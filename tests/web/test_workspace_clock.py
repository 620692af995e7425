import pytest

from loopwright.errors import ClockRefusedError
from loopwright.testing.clocks import START, ManualClock
from loopwright.web.workspace_clock import WorkspaceClock


def test_elsewhere_it_is_the_machines_and_cannot_be_set():
    clock = WorkspaceClock(ManualClock(), replay=False)
    with pytest.raises(ClockRefusedError):
        clock.advance(START + 1)
    assert clock.now() == START


def test_in_a_replay_it_stands_still_and_moves_forward_only():
    machine = ManualClock()
    clock = WorkspaceClock(machine, replay=True)
    clock.advance(50)
    clock.advance(20)
    clock.sleep(3.0)
    assert clock.now() == 50
    assert clock.monotonic() == 3.0
