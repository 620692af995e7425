"""Versions that passed their gate while something else was under way: the newest is released next, by itself."""

from typing import Literal

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.store.ledger import Record

KIND = "waiting_version"
Status = Literal["waiting", "released", "superseded"]


class WaitingVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a record of kind `waiting_version`.

    Attributes:
        id: As `wait_…`.
        endpoint: Where it is to be released.
        version: The model.
        at: Since when it waits.
        status: Whether it still does. `superseded`: a newer one passed meanwhile, it is champion already, or the
            word has expired that let it through its gate.
        event: The event that said so, which its release names as its cause.
        override: Whether somebody's word let it through its gate.
    """

    id: str
    endpoint: str
    version: Digest
    at: Micros
    status: Status = "waiting"
    event: int = 0
    override: bool = False

    def record(self) -> Record:
        """The record as it is written."""
        facets: dict[str, str | float | int | bool] = {"endpoint": self.endpoint, "status": self.status}
        return Record(kind=KIND, id=self.id, data=msgspec.to_builtins(self), facets=facets, at=self.at)

    def turned(self, status: Status) -> "WaitingVersion":
        """The same with another status."""
        return msgspec.structs.replace(self, status=status)


def wait(
    workspace: Workspace,
    endpoint: str,
    version: Digest,
    *,
    why: str,
    caused_by: tuple[int, ...],
    override: bool = False,
) -> tuple[int, ...]:
    """Let a version wait; returns the events. A version that waits already goes on waiting."""
    if any(one.version == version for one in waiting(workspace, endpoint)):
        return ()
    now = workspace.clock.now()
    one = WaitingVersion(id=workspace.ids("wait"), endpoint=endpoint, version=version, at=now, override=override)
    draft = EventDraft(
        kind="release_waiting",
        subject=f"endpoint:{endpoint}",
        data={"endpoint": endpoint, "version": version, "reason": why},
        caused_by=caused_by,
        actor=workspace.actor,
        logical_at=now,
    )
    written = workspace.stores.ledger.commit(records=[one.record()], events=[draft])
    seen = msgspec.structs.replace(one, event=written[0].seq)
    workspace.stores.ledger.commit(records=[seen.record()], durability="normal")
    return (written[0].seq,)


def waiting(workspace: Workspace, endpoint: str) -> tuple[WaitingVersion, ...]:
    """What waits, newest first."""
    return tuple(one for one in all_waiting(workspace) if one.endpoint == endpoint)


def all_waiting(workspace: Workspace) -> tuple[WaitingVersion, ...]:
    """What waits on any endpoint, newest first."""
    found = workspace.stores.ledger.search(KIND, where={"status": "waiting"}, limit=1000)
    return tuple(msgspec.convert(record.data, WaitingVersion) for record in found)
