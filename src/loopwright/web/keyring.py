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
_REMEMBERED = 10_000


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who was let in.

    Attributes:
        name: The key's id, `home` for the home's token, `anyone` where no key was needed.
        headers: What the answer says about the key's rate; empty where it has none.
    """

    name: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, its id, and who it says is calling."""

    id: str
    key: ApiKey
    caller: Caller


class Keys(Protocol):
    """Whom a request comes from."""

    def of(self, secret: str) -> KnownKey | None:
        """The key with this secret, while it is good for anything."""

    def remembered(self, header: str) -> KnownKey | None:
        """The key that `remember` was told of with this header, while it is good for anything."""

    def remember(self, header: str, known: KnownKey) -> None:
        """Know a key again by the header that it was sent in, until keys change."""


class NoKeys:
    """A home without keys."""

    def remembered(self, header: str) -> KnownKey | None:  # noqa: ARG002 - the protocol's form
        return None

    def remember(self, header: str, known: KnownKey) -> None:
        """Nobody is known."""

    def of(self, secret: str) -> KnownKey | None:  # noqa: ARG002 - the protocol's form
        return None


class _Known:
    """The keys at one revision of the ledger's: by the digest that is kept, and by headers that were sent."""

    __slots__ = ("by_digest", "by_header")

    def __init__(self, by_digest: dict[str, KnownKey]) -> None:
        self.by_digest = by_digest
        self.by_header: dict[str, KnownKey] = {}


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
        return self._good(self._known.by_digest.get(digest_bytes(secret.encode("utf-8", "replace"))))

    def remembered(self, header: str) -> KnownKey | None:
        """The key that `remember` was told of with this header, while it is good for anything."""
        return self._good(self._known.by_header.get(header))

    def remember(self, header: str, known: KnownKey) -> None:
        """Know a key again by the header that it was sent in, until keys change."""
        now = self._known
        if now.by_digest.get(known.key.digest) is known and len(now.by_header) < _REMEMBERED:
            now.by_header[header] = known

    def _good(self, found: KnownKey | None) -> KnownKey | None:
        if found is None or found.key.expires_at is None or found.key.opens(self._machine.now()):
            return found
        return None

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
        known = [KnownKey(id=r.id, key=ApiKey.of(r.data), caller=Caller(name=r.id)) for r in found]
        return _Known({one.key.digest: one for one in known if not one.key.revoked})
