"""Blobs as read-only files in a local folder: `ab/cdef…`."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Literal

from blake3 import blake3

from loopwright.core.hashing import Digest, digest_bytes, digest_file, is_digest
from loopwright.errors import BlobCorruptError, BlobMissingError, LoopwrightError, StoreError
from loopwright.store.backends.os_errors import named_os_errors
from loopwright.store.blobs import Blobs

_CHUNK_BYTES = 1 << 20
_COMPARED_BYTES = 1 << 16
_TRIES = 5
_SYNCED_ALONE = 4
_SYNCED_TOGETHER = 16
Sync = Literal["each", "deferred"]


class LocalBlobs(Blobs):
    """Blobs in `folder`.

    A blob is written to `folder/tmp` and renamed, so that it is there whole or not at all after a kill. With
    `sync="each"` it is also on the device when `put` returns. With `sync="deferred"` it is on the device after the next
    `flush()`, which the ledger calls before each full commit: no full commit refers to a blob that a crash of the
    machine could take away. (Recorded with a "normal" commit, it may be lost in such a crash together with, or despite,
    its record; its digest tells, and whatever computed it can compute it again.)

    Args:
        folder: Made where it is not there.
        sync: When bytes are forced to the device.
    """

    def __init__(self, folder: Path, *, sync: Sync = "each") -> None:
        self._folder = folder
        self._temporary = folder / "tmp"
        self._deferred = sync == "deferred"
        self._unsynced: set[Path] = set()
        self._verified: set[Digest] = set()
        self._lock = Lock()
        self._flushing = Lock()
        with named_os_errors(folder):
            self._temporary.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers()

    def put(self, data: bytes) -> Digest:
        digest = digest_bytes(data)
        if not self._holds(digest, data):
            self._store(lambda file: _written(file, data, digest))
        return digest

    def put_file(self, path: Path) -> Digest:
        def copy(file: int) -> Digest:
            hasher = blake3()
            with path.open("rb") as source:
                while chunk := source.read(_CHUNK_BYTES):
                    hasher.update(chunk)
                    _write_all(file, chunk)
            return str(hasher.hexdigest())

        if not path.is_file():
            raise StoreError(f"{path} is not a file", fix="Name an existing file.", path=str(path))
        return self._store(copy)

    def get(self, digest: Digest) -> bytes:
        path = self._path(digest)
        try:
            with named_os_errors(path):
                data = path.read_bytes()
        except FileNotFoundError:
            raise _missing(digest) from None
        if digest_bytes(data) != digest:
            raise _corrupt(digest, path)
        return data

    def local_path(self, digest: Digest) -> Path:
        path = self._path(digest)
        if digest in self._verified and path.is_file():
            return path
        try:
            with named_os_errors(path):
                found = digest_file(path)
        except FileNotFoundError:
            raise _missing(digest) from None
        if found != digest:
            raise _corrupt(digest, path)
        self._verified.add(digest)
        return path

    def has(self, digest: Digest) -> bool:
        return self._path(digest).is_file()

    def delete(self, digest: Digest) -> bool:
        path = self._path(digest)
        self._verified.discard(digest)
        try:
            with named_os_errors(path):
                path.unlink()
        except FileNotFoundError:
            return False
        return True

    def list(self) -> Iterator[Digest]:
        with named_os_errors(self._folder):
            fans = sorted(entry.name for entry in self._folder.iterdir() if len(entry.name) == 2)
        for fan in fans:
            with named_os_errors(self._folder / fan):
                names = sorted(os.listdir(self._folder / fan))
            yield from (fan + name for name in names if is_digest(fan + name))

    def flush(self) -> None:
        """Force every blob that this object put since the last flush to the device."""
        with self._flushing:  # a second caller must not return before the first one's flush is done
            with self._lock:
                paths, self._unsynced = self._unsynced, set()
            try:
                _sync_all(paths)
            except LoopwrightError:
                with self._lock:
                    self._unsynced |= paths
                raise

    def _path(self, digest: Digest) -> Path:
        if not is_digest(digest):
            raise BlobMissingError(
                f"{digest!r} is not a digest", fix="Pass 64 hexadecimal characters, as `put` returned."
            )
        return self._folder / digest[:2] / digest[2:]

    def _holds(self, digest: Digest, data: bytes) -> bool:
        """Whether the blob is there. Small ones are compared, so that putting them again mends a damaged file."""
        path = self._path(digest)
        try:
            with named_os_errors(path):
                same_size = path.stat().st_size == len(data)
                return same_size and (len(data) > _COMPARED_BYTES or path.read_bytes() == data)
        except FileNotFoundError:
            return False

    def _store(self, write: Callable[[int], Digest]) -> Digest:
        for attempt in range(_TRIES):
            try:
                return self._store_once(write)
            except FileNotFoundError:
                # Another process that opened this folder took the new file for a leftover, before we had locked it.
                if attempt == _TRIES - 1 or not self._folder.is_dir():
                    raise StoreError(
                        f"{self._folder} cannot take a blob", fix="Check that the folder is there."
                    ) from None
                self._temporary.mkdir(exist_ok=True)
        raise AssertionError

    def _store_once(self, write: Callable[[int], Digest]) -> Digest:
        temporary = self._temporary / f"{os.getpid()}-{secrets.token_hex(8)}"
        with named_os_errors(self._folder):
            file = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                digest = write(file)
                if not self._deferred:
                    os.fsync(file)
                target = self._path(digest)
                made = _rename(temporary, target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            finally:
                os.close(file)
            if self._deferred:
                with self._lock:
                    self._unsynced.add(target)
            else:
                _sync(target.parent)
                if made:
                    _sync(self._folder)
        return digest

    def _remove_leftovers(self) -> None:
        """Remove temporary files that no living writer holds a lock on."""
        for path in self._temporary.iterdir():
            try:
                file = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            except BlockingIOError:
                continue
            finally:
                os.close(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _written(file: int, data: bytes, digest: Digest) -> Digest:
    _write_all(file, data)
    return digest


def _rename(temporary: Path, target: Path) -> bool:
    """Move the file; True where its folder had to be made."""
    try:
        temporary.rename(target)
    except FileNotFoundError:
        target.parent.mkdir(exist_ok=True)
        temporary.rename(target)
        return True
    return False


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _sync_all(paths: Set[Path]) -> None:
    fans = {path.parent for path in paths}
    every = paths | fans | {fan.parent for fan in fans}
    if len(paths) <= _SYNCED_ALONE:
        for path in every:
            _sync_if_there(path)
        return
    # File systems commit what is waiting together, so that many at once take a fraction of one after another.
    with ThreadPoolExecutor(_SYNCED_TOGETHER) as pool:
        for _ in pool.map(_sync_if_there, every):
            pass


def _sync_if_there(path: Path) -> None:
    try:
        with named_os_errors(path):
            _sync(path)
    except FileNotFoundError:
        return  # deleted since it was put


def _missing(digest: Digest) -> BlobMissingError:
    return BlobMissingError(f"blob {digest[:12]}… is not in the store", digest=digest)


def _corrupt(digest: Digest, path: Path) -> BlobCorruptError:
    return BlobCorruptError(f"blob {digest[:12]}… does not match its digest", digest=digest, path=str(path))
