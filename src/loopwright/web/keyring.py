"""The home's API keys in memory, as the ledger has them now."""

import asyncio
from typing import Protocol

import msgspec

from loopwright.core.access import KEYRING_ID, KEYRING_KIND, KIND, ApiKey
from loopwright.core.clock import Clock
from loopwright.core.hashing import digest_bytes
from loopwright.store.ledger import Ledger

FOLLOWED_EVERY_S = 0.5
_MOST_KEYS = 10_000


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its id."""

    id: str
    key: ApiKey


class Keys(Protocol):
    """Whom a request comes from."""

    def of(self, secret: str) -> KnownKey | None:
        """The key with this secret, while it is good for anything."""


class NoKeys:
    """A home without keys."""

    def of(self, secret: str) -> KnownKey | None:  # noqa: ARG002 - the protocol's form
        return None


class _Known:
    """The keys at one revision of the ledger's: by the digest that is kept, and by secrets that were sent."""

    __slots__ = ("by_digest", "by_secret")

    def __init__(self, by_digest: dict[str, KnownKey]) -> None:
        self.by_digest = by_digest
        self.by_secret: dict[str, KnownKey] = {}


class Keyring:
    """Follows the keys that the ledger holds; a request costs one look into a dictionary.

    Asked by one thread, refreshed by any.

    Args:
        ledger: Where keys are.
        machine: By whose time they expire.
    """

    def __init__(self, ledger: Ledger, machine: Clock) -> None:
        self._ledger = ledger
        self._machine = machine
        self._revision: object = None
        self._known = self._load()

    def of(self, secret: str) -> KnownKey | None:
        """The key with this secret, while it is good for anything."""
        known = self._known
        found = known.by_secret.get(secret)
        if found is None:
            found = known.by_digest.get(digest_bytes(secret.encode("utf-8", "replace")))
            if found is None:
                return None
            known.by_secret[secret] = found
        if found.key.expires_at is not None and not found.key.opens(self._machine.now()):
            return None
        return found

    def any_opens(self) -> bool:
        """Whether there is a key that is good for anything."""
        now = self._machine.now()
        return any(known.key.opens(now) for known in self._known.by_digest.values())

    def refresh(self) -> bool:
        """Look whether keys were made or taken back, and heed it; whether there was news. May wait for the ledger."""
        record = self._ledger.record(KEYRING_KIND, KEYRING_ID)
        revision = None if record is None else record.data.get("revision")
        if revision == self._revision:
            return False
        self._revision, self._known = revision, self._load()
        return True

    async def follow(self) -> None:
        """Refresh until cancelled, twice a second."""
        while True:
            await asyncio.to_thread(self.refresh)
            await asyncio.sleep(FOLLOWED_EVERY_S)

    def _load(self) -> _Known:
        found = self._ledger.search(KIND, limit=_MOST_KEYS)
        known = [KnownKey(id=record.id, key=ApiKey.of(record.data)) for record in found]
        return _Known({one.key.digest: one for one in known if not one.key.revoked})
