import asyncio

import pytest

from loopwright.core.events import EventDraft
from loopwright.errors import StoreBusyError
from loopwright.release.routing import Arms
from loopwright.serving.arms import ArmSet, CanaryArm, label_of
from loopwright.serving.health import ArmHealth, Trip
from loopwright.serving.trips import TripRecorder, recorded_trip
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.testing.clocks import ManualClock


class BusyOnce(MemoryLedger):
    """A ledger that is busy the first time."""

    def __init__(self):
        super().__init__(clock=ManualClock())
        self.refusals = 1

    def commit(self, **what):
        if what.get("records") and self.refusals:
            self.refusals -= 1
            raise StoreBusyError("busy")
        return super().commit(**what)


@pytest.fixture
def spec():
    return Arms.only_champion("flights", "a" * 64).with_canary("b" * 64, 0.1, release="rel_1")


def test_a_trip_is_written_with_its_cause_even_by_a_busy_ledger_and_found_again(spec, champion):
    ledger = BusyOnce()
    (moved,) = ledger.commit(events=[EventDraft(kind="release_started", subject="release:rel_1")])
    canary = spec.canaries[0]
    arm = CanaryArm(label=label_of(spec, canary), spec=canary, intake=None, client=None, health=ArmHealth())
    arms = ArmSet(spec=spec, champion=champion(), canaries=(arm,), cause=moved.seq)
    trip = Trip(cause="crash", why="KeyError: 'a row'", requests=9, failures=1)

    async def run():
        recorder = TripRecorder(ledger, ManualClock(), "worker_1")
        recorder(arms, arm, trip)
        await recorder.drain()

    asyncio.run(run())
    (event,) = ledger.read(after=moved.seq)
    assert (event.kind, event.subject, event.caused_by) == ("arm_tripped", "release:rel_1", (moved.seq,))
    assert event.data["cause"] == "crash"
    assert "a row" not in str(event.data)
    assert recorded_trip(ledger, spec, canary) == trip
    other = Arms.only_champion("flights", "a" * 64).with_canary("b" * 64, 0.1, release="rel_2")
    assert recorded_trip(ledger, other, canary) is None
