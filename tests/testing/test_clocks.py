import pytest

from loopwright.core.clock import SECOND, Clock, SystemClock
from loopwright.testing.clocks import START, ManualClock


def test_time_stands_still_until_it_is_moved():
    clock = ManualClock()
    assert (clock.now(), clock.monotonic()) == (START, 0.0)
    clock.advance(SECOND)
    clock.sleep(0.5)
    assert (clock.now(), clock.monotonic()) == (START + 3 * SECOND // 2, 1.5)


def test_setting_the_time_leaves_monotonic_time_alone():
    clock = ManualClock()
    clock.set(5)
    assert (clock.now(), clock.monotonic()) == (5, 0.0)


def test_time_does_not_advance_backwards():
    with pytest.raises(ValueError, match="back"):
        ManualClock().advance(-1)


@pytest.mark.parametrize("clock", [ManualClock(), SystemClock()])
def test_every_clock_has_the_whole_protocol(clock: Clock):
    before = clock.now(), clock.monotonic()
    clock.sleep(0.001)
    assert clock.now() >= before[0] + 900
    assert clock.monotonic() >= before[1] + 0.0009
