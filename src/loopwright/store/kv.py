"""The key-value seam: small values by key, each with an expiry, changed atomically."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from loopwright.core.clock import Micros


class KeyValues(ABC):
    """Bytes by key. Keys are any text; a value whose expiry has passed is absent.

    Safe from several threads and processes. A call that returned survives a kill of the process.

    Raises (any method): StoreBusyError, NoSpaceError, NoPermissionError.
    """

    @abstractmethod
    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that are there."""

    @abstractmethod
    def keys(self, prefix: str) -> list[str]:
        """The keys that are there and begin so, sorted by their code points."""

    @abstractmethod
    def put_many(self, items: Mapping[str, bytes], *, expires_at: Micros | None = None) -> None:
        """Set all of them, in one transaction."""

    @abstractmethod
    def delete_many(self, keys: Sequence[str]) -> int:
        """Remove those keys; returns how many were there."""

    @abstractmethod
    def add_if(self, key: str, delta: int, limit: int, *, expires_at: Micros | None = None) -> int | None:
        """Add to a counter (0 where absent) if the sum stays at or under `limit`: the new sum, else None, unchanged."""

    @abstractmethod
    def compare_and_set(
        self, key: str, expected: bytes | None, new: bytes, *, expires_at: Micros | None = None
    ) -> bool:
        """Set if the value is `expected` (None: absent); False, unchanged, otherwise."""
