"""Finished steps in the ledger, by the digest of their fingerprint."""

import msgspec

from loopwright.core.hashing import Digest
from loopwright.pipelines.fingerprint import Fingerprint
from loopwright.pipelines.plan import StepResult
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger, Record

KIND = "step_result"


class LedgerCache:
    """Answers the planner's questions from the ledger."""

    def __init__(self, ledger: Ledger, blobs: Blobs) -> None:
        self._ledger = ledger
        self._blobs = blobs

    def result(self, fingerprint: Digest) -> StepResult | None:
        """The step of that fingerprint, where it has finished once."""
        record = self._ledger.record(KIND, fingerprint)
        return None if record is None else _result(record)

    def last(self, pipeline: str, step: str) -> Fingerprint | None:
        """The fingerprint with which the step of that name finished last."""
        found = self._ledger.search(KIND, where={"pipeline": pipeline, "step": step}, limit=1)
        return _result(found[0]).fingerprint if found else None

    def stored(self, digest: Digest) -> bool:
        """Whether the value is still there."""
        return self._blobs.has(digest)


def record_of(result: StepResult) -> Record:
    """A finished step as a record, to be committed together with its event."""
    return Record(
        kind=KIND,
        id=result.fingerprint.digest,
        data=msgspec.to_builtins(result),
        facets={"pipeline": result.pipeline, "step": result.step, "run": result.run},
        at=result.at,
    )


def _result(record: Record) -> StepResult:
    return msgspec.convert(record.data, StepResult)
