"""`ready` is said once, when every worker has every endpoint."""

from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock
from loopwright.web.readiness import Readiness


def test_ready_is_said_once_all_workers_have_loaded_all_endpoints():
    clock, said = ManualClock(), []
    ledger = MemoryLedger(clock=clock)
    readiness = Readiness(ledger, ["worker-1", "worker-2"], ["flights", "trains"], clock=clock)
    pids = {"worker-1": 11, "worker-2": 12, "control": 13}

    def lease(pid, *endpoints):
        data = {"pid": pid, "revisions": dict.fromkeys(endpoints, 1)}
        ledger.commit(records=[Record(kind="lease", id=f"w{pid}", data=data)])
        clock.sleep(0.5)
        readiness.tell(pids, said.append)

    readiness.tell({}, said.append)
    lease(11, "flights", "trains")
    lease(12, "flights")
    lease(10, "flights", "trains")
    assert said == []
    lease(12, "flights", "trains")
    lease(12, "flights", "trains")
    assert said == ["ready after 2.0 s"]
