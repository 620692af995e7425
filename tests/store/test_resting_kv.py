import threading

import pytest

from loopwright.errors import StoreBusyError, UsageError
from loopwright.store.backends.memory_kv import MemoryKeyValues
from loopwright.store.resting_kv import FIRST_REST_S, LONGEST_REST_S, RestingKeyValues
from loopwright.testing.clocks import ManualClock
from loopwright.testing.kv_suite import KeyValuesSuite


@pytest.fixture
def clock():
    return ManualClock()


class TestRestingKeyValues(KeyValuesSuite):
    implementation = RestingKeyValues

    @pytest.fixture
    def kv(self, clock):
        return RestingKeyValues(MemoryKeyValues(clock=clock), machine=clock)


class Away(MemoryKeyValues):
    """A store that may be away; counts how often it was asked."""

    def __init__(self, clock):
        super().__init__(clock=clock)
        self.away = True
        self.asked = 0
        self.answered = threading.Event()

    def get_many(self, keys):
        self.asked += 1
        self.answered.set()
        if self.away:
            raise StoreBusyError("away")
        return super().get_many(keys)


def failing(kv):
    with pytest.raises(StoreBusyError):
        kv.get_many(["a"])


def probed(kv, inner):
    """Call once, and wait until the thread behind it has asked the store."""
    inner.answered.clear()
    failing(kv)
    assert inner.answered.wait(5)
    for thread in threading.enumerate():
        if thread.name == "shared-store":
            thread.join(5)


def test_a_store_that_is_away_is_waited_for_once(clock):
    inner = Away(clock)
    kv = RestingKeyValues(inner, machine=clock)
    for _ in range(50):
        failing(kv)
    assert inner.asked == 1


def test_every_call_fails_at_once_while_it_is_away(clock):
    kv = RestingKeyValues(Away(clock), machine=clock)
    failing(kv)
    calls = [
        lambda: kv.put_many({"a": b""}), lambda: kv.delete_many(["a"]), lambda: kv.keys(""),
        lambda: kv.add_if("a", 1, 2), lambda: kv.compare_and_set("a", None, b""),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(StoreBusyError):
            call()


def test_it_is_asked_again_by_a_thread_and_calls_go_through_when_it_answers(clock):
    inner = Away(clock)
    kv = RestingKeyValues(inner, machine=clock)
    failing(kv)
    inner.away = False
    failing(kv)
    clock.advance(int(FIRST_REST_S * 1e6))
    probed(kv, inner)
    kv.put_many({"a": b"1"})
    assert kv.get_many(["a"]) == {"a": b"1"}


def test_it_is_asked_less_and_less_often(clock):
    inner = Away(clock)
    kv = RestingKeyValues(inner, machine=clock)
    failing(kv)
    rests = []
    for _ in range(8):
        waited = 0.0
        before = inner.asked
        while inner.asked == before:
            clock.advance(500_000)
            waited += 0.5
            if waited > 100:
                raise AssertionError("it is never asked again")
            failing(kv)
            for thread in threading.enumerate():
                if thread.name == "shared-store":
                    thread.join(5)
        rests.append(waited)
    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]
    assert max(rests) == LONGEST_REST_S


def test_a_mistake_of_the_callers_is_no_absence(clock):
    kv = RestingKeyValues(MemoryKeyValues(clock=clock), machine=clock)
    kv.put_many({"a": b"text"})
    with pytest.raises(UsageError):
        kv.add_if("a", 1, 2)
    assert kv.get_many(["a"]) == {"a": b"text"}
