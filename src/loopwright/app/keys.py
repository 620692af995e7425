"""API keys: what another machine sends. Only the digest is kept; the secret is shown once, when it is made."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.app.budgets.declare import budget_writes
from loopwright.app.workspace import Workspace
from loopwright.core.access import KEYRING_ID, KEYRING_KIND, KIND, ApiKey, Rate, Scope, in_order
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import digest_bytes
from loopwright.errors import NotFoundError
from loopwright.llm.budgets.amount import Amount
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.period import Every
from loopwright.store.ledger import Record

PREFIX = "lw_"


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was made; `secret` is not kept anywhere."""

    id: str
    name: str
    secret: str
    scopes: tuple[Scope, ...]


class KeySpending(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may spend on language models.

    Attributes:
        team: Whose it is, for budgets and reports.
        tokens: How many tokens it may use; None: as many as one likes.
        budgets: Amounts and how often each; budgets of their own, which `loopwright budget` shows and changes.
    """

    team: str = ""
    tokens: Rate | None = None
    budgets: tuple[tuple[Amount, Every], ...] = ()


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is listed; `at` is when it was made."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    rate: str | None
    expires_at: Micros | None
    revoked: bool
    at: Micros
    team: str = ""
    tokens: str | None = None


def new_key(
    workspace: Workspace,
    name: str,
    *,
    scopes: Sequence[Scope] = ("predict",),
    rate: Rate | None = None,
    lasts: Micros | None = None,
    spending: KeySpending | None = None,
) -> NewKey:
    """Make a key: 256 random bits.

    Args:
        workspace: Whose.
        name: Who uses it.
        scopes: What it opens.
        rate: How often it may be used; None: as often as one likes.
        lasts: For how long it opens anything, by the machine's clock; None: until it is taken back.
        spending: What it may spend on language models; None: nothing is said of that.
    """
    may = spending or KeySpending()
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = None if lasts is None else workspace.machine.now() + lasts
    key = ApiKey(
        digest=digest_bytes(secret.encode()), name=name, scopes=in_order(scopes), rate=rate, tokens=may.tokens,
        team=may.team, expires_at=expires_at,
    )  # fmt: skip
    id = workspace.ids("key")
    budgets = [
        Budget(name=f"{id}.{every}-{amount.unit}", limit=amount.value, unit=amount.unit, every=every, where={"key": id})
        for amount, every in may.budgets
    ]
    _write(workspace, id, key, event="key_made", budgets=budgets)
    return NewKey(id=id, name=name, secret=secret, scopes=key.scopes)


def revoke_key(workspace: Workspace, id: str) -> KnownKey:
    """Take a key back; servers heed it within a second.

    Raises:
        NotFoundError: There is no such key.
    """
    record = workspace.stores.ledger.record(KIND, id)
    if record is None:
        raise NotFoundError(f"there is no key {id!r}", fix="Run `loopwright key list`.")
    gone = msgspec.structs.replace(ApiKey.of(record.data), revoked=True)
    _write(workspace, id, gone, event="key_revoked", made_at=record.at)
    return _known(id, gone, record.at)


def keys(workspace: Workspace) -> tuple[KnownKey, ...]:
    """Every key that was ever made, newest first."""
    found = workspace.stores.ledger.search(KIND, limit=10_000)
    return tuple(_known(record.id, ApiKey.of(record.data), record.at) for record in found)


def _known(id: str, key: ApiKey, at: Micros) -> KnownKey:
    return KnownKey(
        id=id, name=key.name, scopes=key.scopes, rate=None if key.rate is None else str(key.rate),
        expires_at=key.expires_at, revoked=key.revoked, at=at, team=key.team,
        tokens=None if key.tokens is None else str(key.tokens),
    )  # fmt: skip


def _write(
    workspace: Workspace,
    id: str,
    key: ApiKey,
    *,
    event: str,
    made_at: Micros | None = None,
    budgets: Sequence[Budget] = (),
) -> None:
    """Keep a key and its budgets, and the revision of all keys by which servers see that there is news."""
    now = workspace.clock.now()
    data: dict[str, Any] = msgspec.to_builtins(key)
    kept = Record(kind=KIND, id=id, data=data, facets={"name": key.name}, at=now if made_at is None else made_at)
    revision = Record(kind=KEYRING_KIND, id=KEYRING_ID, data={"revision": workspace.ids("rev")}, at=now)
    said = {"name": key.name, "scopes": list(key.scopes)}
    draft = EventDraft(kind=event, subject=f"key:{id}", data=said, actor=workspace.actor, logical_at=now)
    records, events = budget_writes(workspace, budgets) if budgets else ([], [])
    workspace.stores.ledger.commit(records=[kept, revision, *records], events=[draft, *events])
