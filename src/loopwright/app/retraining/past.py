"""What earlier retrains of a loop came to: the record that brakes go by."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.store.ledger import Record

KIND = "retrains"
FORMAT_VERSION = 2
MOST_KEPT = 200
Outcome = Literal["released", "unchanged", "rejected", "inconclusive", "failed", "suppressed", "finished"]
"""How a retrain ends. `unchanged`: it made the champion once more. `suppressed`: it was held back after all, before it
began. `finished`: the loop makes no candidate."""
NOT_BETTER = frozenset({"unchanged", "rejected", "inconclusive", "failed"})
TAKEN_BACK = frozenset({"rolled_back", "inconclusive", "aborted"})


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """One retrain that has ended.

    Attributes:
        id: As `ret_…`; empty in records of format 1.
        cause: The name of its cause.
        started_at, ended_at: By the workspace's clock.
        outcome: How it ended.
        seconds: How long it took, by the machine's clock.
        settled: How its release ended: `promoted`, `rolled_back`, `inconclusive`, `aborted`; empty until then.
    """

    cause: str
    started_at: Micros
    ended_at: Micros
    outcome: Outcome
    seconds: float = 0.0
    id: str = ""
    settled: str = ""

    @property
    def not_better(self) -> bool:
        """Whether nothing better came of it: the gate, or the release, or its own failure said so."""
        return self.outcome in NOT_BETTER or self.settled in TAKEN_BACK


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Earlier retrains of a loop.

    Attributes:
        started: When they started, oldest first.
        ended: Those that have ended, oldest first.
        suppressed: The newest reason by cause, so that the journal says it once.
        format_version: Of this struct.
    """

    started: tuple[Micros, ...] = ()
    ended: tuple[Ended, ...] = ()
    suppressed: dict[str, str] = {}
    format_version: int = FORMAT_VERSION

    def with_start(self, at: Micros) -> "Past":
        """One more has started; what was said of suppressed causes may be said again."""
        return msgspec.structs.replace(self, started=(*self.started[1 - MOST_KEPT :], at), suppressed={})

    def with_end(self, ended: Ended) -> "Past":
        """One more has ended; of one that was held back after all, the start does not count."""
        started = self.started
        if ended.outcome == "suppressed":
            started = tuple(at for at in started if at != ended.started_at)
        return msgspec.structs.replace(self, started=started, ended=(*self.ended[1 - MOST_KEPT :], ended))

    def with_settled(self, id_: str, settled: str) -> "Past":
        """The release of one of them has ended."""
        ended = tuple(msgspec.structs.replace(e, settled=settled) if e.id == id_ else e for e in self.ended)
        return msgspec.structs.replace(self, ended=ended)

    def with_suppressed(self, cause: str, reason: str) -> "Past":
        """A cause was held back, and the journal says so; the newest of many are remembered."""
        kept = {name: said for name, said in self.suppressed.items() if name != cause}
        newest = dict(list(kept.items())[1 - MOST_KEPT :])
        return msgspec.structs.replace(self, suppressed={**newest, cause: reason})

    def record(self, loop: str, now: Micros) -> Record:
        """The record as it is written."""
        return Record(kind=KIND, id=loop, data=msgspec.to_builtins(self), at=now)


def past_of(workspace: Workspace, loop: str) -> Past:
    """The loop's past."""
    record = workspace.stores.ledger.record(KIND, loop)
    return Past() if record is None else read_past(record.data)


def read_past(data: Mapping[str, Any]) -> Past:
    """The past from its record's data, whichever version wrote it: format 1 knew starts and suppressed causes only."""
    return msgspec.convert({**data, "format_version": FORMAT_VERSION}, Past)
