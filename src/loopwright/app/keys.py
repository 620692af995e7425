"""API keys: what another machine sends. Only the digest is kept; the secret is shown once, when it is made."""

import secrets

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import digest_bytes
from loopwright.errors import NotFoundError
from loopwright.store.ledger import Record

KIND = "api_key"
PREFIX = "lw_"


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was made; `secret` is not kept anywhere."""

    id: str
    name: str
    secret: str


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is listed; `at` is when it was made."""

    id: str
    name: str
    revoked: bool
    at: Micros


def new_key(workspace: Workspace, name: str) -> NewKey:
    """Make a key: 256 random bits."""
    key = NewKey(id=workspace.ids("key"), name=name, secret=PREFIX + secrets.token_urlsafe(32))
    _write(workspace, key.id, {"digest": digest_bytes(key.secret.encode()), "name": name}, event="key_made")
    return key


def revoke_key(workspace: Workspace, id: str) -> KnownKey:
    """Take a key back; servers heed it when they start again.

    Raises:
        NotFoundError: There is no such key.
    """
    record = workspace.stores.ledger.record(KIND, id)
    if record is None:
        raise NotFoundError(f"there is no key {id!r}", fix="Run `loopwright key list`.")
    _write(workspace, id, record.data | {"revoked": True}, event="key_revoked", made_at=record.at)
    return KnownKey(id=id, name=str(record.data["name"]), revoked=True, at=record.at)


def keys(workspace: Workspace) -> tuple[KnownKey, ...]:
    """Every key that was ever made, newest first."""
    found = workspace.stores.ledger.search(KIND, limit=10_000)
    return tuple(
        KnownKey(id=r.id, name=str(r.data["name"]), revoked=bool(r.data.get("revoked")), at=r.at) for r in found
    )


def _write(
    workspace: Workspace, id: str, data: dict[str, object], *, event: str, made_at: Micros | None = None
) -> None:
    now = workspace.clock.now()
    record = Record(
        kind=KIND, id=id, data=data, facets={"name": str(data["name"])}, at=now if made_at is None else made_at
    )
    draft = EventDraft(
        kind=event, subject=f"key:{id}", data={"name": data["name"]}, actor=workspace.actor, logical_at=now
    )
    workspace.stores.ledger.commit(records=[record], events=[draft])
