"""Blobs in memory, for tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import BlobCorruptError, BlobMissingError, StoreError
from loopwright.store.backends.os_errors import named_os_errors
from loopwright.store.blobs import Blobs


class MemoryBlobs(Blobs):
    """Blobs of this process; `local_path` writes them to a folder that goes with the object."""

    def __init__(self) -> None:
        self._data: dict[Digest, bytes] = {}
        self._lock = Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def put(self, data: bytes) -> Digest:
        digest = digest_bytes(data)
        self._data[digest] = bytes(data)
        return digest

    def put_file(self, path: Path) -> Digest:
        if not path.is_file():
            raise StoreError(f"{path} is not a file", fix="Name an existing file.", path=str(path))
        with named_os_errors(path):
            return self.put(path.read_bytes())

    def get(self, digest: Digest) -> bytes:
        try:
            data = self._data[digest]
        except KeyError:
            raise BlobMissingError(f"blob {digest[:12]}… is not in the store", digest=digest) from None
        if digest_bytes(data) != digest:
            raise BlobCorruptError(f"blob {digest[:12]}… does not match its digest", digest=digest)
        return data

    def local_path(self, digest: Digest) -> Path:
        data = self.get(digest)
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="loopwright-blobs-")
            path = Path(self._folder.name) / digest
            if not path.exists():
                path.write_bytes(data)
                path.chmod(0o444)
        return path

    def has(self, digest: Digest) -> bool:
        return digest in self._data

    def delete(self, digest: Digest) -> bool:
        return self._data.pop(digest, None) is not None

    def list(self) -> Iterator[Digest]:
        return iter(sorted(self._data))
