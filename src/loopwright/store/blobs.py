"""The blob seam: bytes by digest."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from loopwright.core.hashing import Digest


class Blobs(ABC):
    """Immutable bytes by BLAKE3 digest.

    Safe to use from several threads and processes at once. A blob is there whole or not at all, also when the writer is
    killed; putting the same bytes twice is one blob. Reads check the digest.

    Raises (any method): NoSpaceError, NoPermissionError.
    """

    @abstractmethod
    def put(self, data: bytes) -> Digest:
        """Store bytes, durably, and name them."""

    @abstractmethod
    def put_file(self, path: Path) -> Digest:
        """Store a file's content without reading it whole into memory."""

    @abstractmethod
    def get(self, digest: Digest) -> bytes:
        """The bytes. Raises BlobMissingError, BlobCorruptError."""

    @abstractmethod
    def local_path(self, digest: Digest) -> Path:
        """A read-only local file with the content, verified once a process; for mapping Parquet into memory.

        Raises BlobMissingError, BlobCorruptError.
        """

    @abstractmethod
    def has(self, digest: Digest) -> bool:
        """Whether the blob is there (its bytes are not checked)."""

    @abstractmethod
    def delete(self, digest: Digest) -> bool:
        """Remove a blob; False where it was not there."""

    @abstractmethod
    def list(self) -> Iterator[Digest]:
        """Every digest, in sorted order."""
