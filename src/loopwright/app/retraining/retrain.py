"""One retrain as the ledger keeps it: why, how far, and what became of it."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from loopwright.app.retraining.budget import Money
from loopwright.app.retraining.window import PinnedWindow
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.store.ledger import Record

KIND = "retrain"


class StepProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The step that a run is at, the how-many-th of how many, and what was last heard of it."""

    kind: str
    step: str
    index: int
    total: int


class Retrain(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of a record of kind `retrain`.

    Attributes:
        id: As `ret_…`.
        loop: The loop's name.
        cause, reason: What it answers: a name that stays the same for the same cause, and words.
        trigger: Which trigger, in words; `manual` for a person.
        actor: `controller`, or the person.
        started_at, ended_at: By the workspace's clock.
        decided: The event that says it was decided.
        state: Whether it runs.
        progress: The step it is at.
        outcome, why: How it ended, and why; see `past.Outcome`.
        run: The run.
        verdict: The gate's outcome, where it came to one.
        candidate: The version that came of it.
        release: The release of that version, once there is one.
        settled: How the release ended, once it has.
        seconds: How long it took, by the machine's clock.
        cost: What it cost, where training has a price.
        window: Which rows it learned from; all where None.
        finished: The event that says how it ended.
    """

    id: str
    loop: str
    cause: str
    reason: str
    trigger: str
    actor: str
    started_at: Micros
    decided: int = 0
    state: Literal["running", "ended"] = "running"
    progress: StepProgress | None = None
    outcome: str = ""
    why: str = ""
    run: str = ""
    verdict: str = ""
    candidate: Digest = ""
    release: str = ""
    settled: str = ""
    seconds: float = 0.0
    cost: Money | None = None
    window: PinnedWindow | None = None
    ended_at: Micros = 0
    finished: int = 0
    format_version: int = 1

    def record(self, now: Micros) -> Record:
        """The record as it is written."""
        facets: dict[str, str | float | int | bool] = {
            "loop": self.loop, "state": self.state, "trigger": self.trigger, "outcome": self.outcome,
            "settled": self.settled,
        }  # fmt: skip
        return Record(kind=KIND, id=self.id, data=msgspec.to_builtins(self), facets=facets, at=now)


def flight_ref(workspace: Workspace, loop: str) -> str:
    """The ref that names the retrain under way, so that of two that begin at once one is refused."""
    return workspace.ref("retraining", loop, "flight")


def in_flight(workspace: Workspace, loop: str) -> Retrain | None:
    """The retrain under way, if any."""
    id_ = workspace.stores.ledger.ref(flight_ref(workspace, loop))
    return None if id_ is None else find_retrain(workspace, id_)


def find_retrain(workspace: Workspace, id_: str) -> Retrain | None:
    """One retrain, or None."""
    record = workspace.stores.ledger.record(KIND, id_)
    return None if record is None else read_retrain(record.data)


def retrains(workspace: Workspace, loop: str | None = None, *, limit: int = 10) -> tuple[Retrain, ...]:
    """The newest retrains, of one loop or of all."""
    where: dict[str, str | float | int | bool] = {} if loop is None else {"loop": loop}
    found = workspace.stores.ledger.search(KIND, where=where, limit=limit)
    return tuple(read_retrain(record.data) for record in found)


def read_retrain(data: Mapping[str, Any]) -> Retrain:
    """A retrain from its record's data."""
    return msgspec.convert(data, Retrain)
