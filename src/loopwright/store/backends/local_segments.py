"""One process's open segment of one table: a file of JSON lines that only its writer appends to."""

import fcntl
import os
from pathlib import Path

from loopwright.store.backends.os_errors import named_os_errors

_TRIES = 20
_SEALED_AT_ONCE = 200


class Segment:
    """An open segment, locked for as long as its writer lives; not safe from several threads (its table locks).

    Args:
        folder: Where the table's open segments lie; made where it is not there.
        name: Unique among all segments there ever were.
        fdatasync: Whether each append waits until the device has it.
    """

    def __init__(self, folder: Path, name: str, *, fdatasync: bool) -> None:
        with named_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"{name}.jsonl"
            self._file = _locked(self.path)
        self._fdatasync = fdatasync
        self.size_bytes = 0

    def append(self, lines: bytes) -> None:
        """Append whole lines with one write; on an error none of them are there.

        Raises:
            NoSpaceError: The disk is full.
        """
        with named_os_errors(self.path):
            try:
                view = memoryview(lines)
                while view:
                    view = view[os.write(self._file, view) :]
                if self._fdatasync:
                    os.fdatasync(self._file)
            except OSError:
                os.ftruncate(self._file, self.size_bytes)
                raise
        self.size_bytes += len(lines)

    def close(self) -> None:
        """Close and unlock it; anyone may seal it then."""
        os.close(self._file)


def _locked(path: Path) -> int:
    for _ in range(_TRIES):
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return file
        os.close(file)  # someone who was sealing took the empty file away before we had locked it
    raise OSError(f"{path} was taken away")


class FreeSegments:
    """The segments of a folder that no living writer holds, kept from any writer until `release`."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[Path, int] = {}
        with named_os_errors(folder):
            for path in sorted(folder.glob("*.jsonl"))[:_SEALED_AT_ONCE]:
                self._try(path)

    @property
    def paths(self) -> tuple[Path, ...]:
        """In the order of their names."""
        return tuple(self._files)

    def release(self) -> None:
        """Let go of them all."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def _try(self, path: Path) -> None:
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._files[path] = file
        except BlockingIOError:
            os.close(file)
