"""The journal's rows: append-only, each chained to the one before by hash.

`data` holds ids, digests and numbers, never row content, so that erasure stays possible.
"""

from typing import Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import canonical
from loopwright.core.hashing import Digest, digest_bytes

GENESIS: Digest = "0" * 64


class EventDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is still to be written.

    `caused_by` names events already in the journal by their `seq`; `caused_by_drafts` names earlier drafts of the same
    commit by their position in it.
    """

    kind: str
    subject: str
    data: dict[str, Any] = {}
    caused_by: tuple[int, ...] = ()
    caused_by_drafts: tuple[int, ...] = ()
    actor: str = "system"
    namespace: str = "default"
    logical_at: Micros | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the journal. `at` is the machine's time, `logical_at` the workspace clock's."""

    seq: int
    namespace: str
    actor: str
    at: Micros
    logical_at: Micros
    kind: str
    subject: str
    caused_by: tuple[int, ...]
    data: dict[str, Any]
    previous: Digest
    digest: Digest


def seal(draft: EventDraft, *, seq: int, at: Micros, caused_by: tuple[int, ...], previous: Digest) -> Event:
    """The draft as the row after `previous`, with its digest."""
    logical_at = at if draft.logical_at is None else draft.logical_at
    body = [
        seq,
        draft.namespace,
        draft.actor,
        at,
        logical_at,
        draft.kind,
        draft.subject,
        caused_by,
        draft.data,
        previous,
    ]
    return Event(
        seq=seq,
        namespace=draft.namespace,
        actor=draft.actor,
        at=at,
        logical_at=logical_at,
        kind=draft.kind,
        subject=draft.subject,
        caused_by=caused_by,
        data=draft.data,
        previous=previous,
        digest=digest_bytes(canonical(body)),
    )


def digest_of(event: Event) -> Digest:
    """The digest that the event's content must have."""
    body = [
        event.seq,
        event.namespace,
        event.actor,
        event.at,
        event.logical_at,
        event.kind,
        event.subject,
        event.caused_by,
        event.data,
        event.previous,
    ]
    return digest_bytes(canonical(body))
