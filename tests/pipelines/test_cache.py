from loopwright.core.clock import SystemClock
from loopwright.pipelines.cache import LedgerCache, record_of
from loopwright.pipelines.fingerprint import Fingerprint, Identity
from loopwright.pipelines.plan import StepResult
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger


def result(step: str, code: str, at: int) -> StepResult:
    fingerprint = Fingerprint(identity=Identity(code={"m:f": code}, parameters={"rate": 0.5}), inputs={"rows": "d"})
    return StepResult(
        pipeline="fit", step=step, outputs=("o1", "o2"), fingerprint=fingerprint, run="run_1", seed=4, threads=2,
        isolated=True, duration_us=5, at=at,
    )  # fmt: skip


def test_a_result_comes_back_by_its_fingerprint_and_the_last_by_its_step():
    ledger, blobs = MemoryLedger(clock=SystemClock()), MemoryBlobs()
    old, new, other = result("train", "1", 1), result("train", "2", 2), result("clean", "3", 3)
    ledger.commit(records=[record_of(r) for r in (new, old, other)])
    cache = LedgerCache(ledger, blobs)
    assert cache.result(old.fingerprint.digest) == old
    assert cache.result("0" * 64) is None
    assert cache.last("fit", "train") == new.fingerprint
    assert cache.last("other", "train") is None
    digest = blobs.put(b"x")
    assert cache.stored(digest)
    assert not cache.stored("0" * 64)
