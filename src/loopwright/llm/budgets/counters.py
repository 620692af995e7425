"""What one process has spent and set aside, in a file that it has mapped: it outlives a kill of the process.

The file is locked for as long as its process lives, so that anybody can tell at once whether it does. Writing to it is
writing to memory: no call waits for a disk. A crash of the machine may lose the last of it, which is why the file says
under which boot of the machine it was written.
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loopwright.store.backends.os_errors import named_os_errors

SUFFIX = ".spend"
_SLOT = 256
_CELLS = 4
_CELL_BYTES = 8 * _CELLS
_KEY_BYTES = _SLOT - _CELL_BYTES
_FIRST_BYTES = 64 * _SLOT
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
_SPENT, _RESERVED, _ENDS_AT, _WANTED = range(_CELLS)


class Counted(NamedTuple):
    """One account's counters as another process reads them; `place` is where they lie in the file."""

    key: str
    spent: int
    reserved: int
    ends_at: int
    place: int


class Counter:
    """What this process spent of one account, and what is set aside. Used by one thread."""

    __slots__ = ("_cells", "place", "reserved", "spent")

    def __init__(self, cells: memoryview, place: tuple[mmap.mmap, int]) -> None:
        self._cells = cells
        self.place = place
        self.spent = 0
        self.reserved = 0

    def reserve(self, amount: int) -> None:
        """Set more aside."""
        self.reserved += amount
        self._cells[_RESERVED] = self.reserved

    def settle(self, reserved: int, spent: int) -> None:
        """Count what was spent of what was set aside; a kill in between counts it twice rather than not at all."""
        self.spent += spent
        self._cells[_SPENT] = self.spent
        self.reserved -= reserved
        self._cells[_RESERVED] = self.reserved

    def wanted(self) -> bool:
        """Whether another process has asked for what lies idle here, since this was last asked."""
        if not self._cells[_WANTED]:
            return False
        self._cells[_WANTED] = 0
        return True

    def drop(self) -> None:
        """Let go of the memory."""
        self._cells.release()


class CounterFile:
    """The counters of one process. Used by one thread.

    Args:
        folder: Where all processes of the home have theirs; made where it is not there.
        holder: Names the process; never used before.

    Raises:
        NoSpaceError, NoPermissionError.
    """

    def __init__(self, folder: Path, holder: str) -> None:
        self.path = folder / f"{holder}{SUFFIX}"
        self._maps: list[mmap.mmap] = []
        self._free: list[tuple[mmap.mmap, int]] = []
        self._bytes = 0
        with named_os_errors(self.path):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = _locked(self.path)
            try:
                self._grow()
            except OSError:
                self.remove()
                raise
        self._free.remove((self._maps[0], 0))
        self._maps[0][: len(boot())] = boot().encode()

    def open(self, key: str, ends_at: int) -> Counter:
        """Counters for one more account, at nothing."""
        if not self._free:
            with named_os_errors(self.path):
                self._grow()
        mapped, start = place = self._free.pop()
        with memoryview(mapped) as whole:
            cells = whole[start : start + _CELL_BYTES].cast("q")
        for cell, value in ((_SPENT, 0), (_RESERVED, 0), (_WANTED, 0), (_ENDS_AT, ends_at)):
            cells[cell] = value
        mapped[start + _CELL_BYTES : start + _SLOT] = key.encode().ljust(_KEY_BYTES, b"\0")
        return Counter(cells, place)

    def close_counter(self, counter: Counter) -> None:
        """Forget an account, whose lease has ended."""
        mapped, start = counter.place
        mapped[start + _CELL_BYTES : start + _SLOT] = bytes(_KEY_BYTES)
        counter.drop()
        self._free.append(counter.place)

    def remove(self) -> None:
        """Take the file away: no lease is left."""
        self.path.unlink(missing_ok=True)
        self.abandon()

    def abandon(self) -> None:
        """Close the file and leave it to be read by whoever finds it."""
        for one in self._maps:
            one.close()
        self._maps.clear()
        os.close(self._file)

    def _grow(self) -> None:
        """Make room for as many accounts again: each mapping takes a file descriptor, so there are few of them."""
        at, more = self._bytes, max(self._bytes, _FIRST_BYTES)
        # Written, not only sized: a mapped page that a full disk has no room for would end the process.
        if os.pwrite(self._file, bytes(more), at) < more:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mapped = mmap.mmap(self._file, more, offset=at)
        self._maps.append(mapped)
        self._bytes += more
        self._free.extend((mapped, start) for start in range(more - _SLOT, -_SLOT, -_SLOT))


def boot() -> str:
    """Names the time since the machine was started; empty where the system does not say."""
    try:
        return _BOOT_FILE.read_text().strip()
    except OSError:
        return ""


def counters_in(path: Path) -> tuple[str, list[Counted]]:
    """Under which boot a process wrote its file, and what it counts; nothing where the file is gone."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "", []
    return data[:_SLOT].rstrip(b"\0").decode("ascii", "replace"), list(_counted(data))


def ask_for(path: Path, place: int) -> None:
    """Ask the process of a file to give back what lies idle in an account. A hint: it may be too late."""
    try:
        file = os.open(path, os.O_WRONLY)
    except OSError:
        return
    try:
        os.pwrite(file, (1).to_bytes(8, "little"), place + 8 * _WANTED)
    finally:
        os.close(file)


def _counted(data: bytes) -> Iterator[Counted]:
    for place in range(_SLOT, len(data) - _SLOT + 1, _SLOT):
        key = data[place + _CELL_BYTES : place + _SLOT].rstrip(b"\0")
        if key:
            cells = memoryview(data)[place : place + _CELL_BYTES].cast("q")
            yield Counted(key.decode(), cells[_SPENT], cells[_RESERVED], cells[_ENDS_AT], place)


def _locked(path: Path) -> int:
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    if os.fstat(file).st_nlink:
        return file
    os.close(file)  # someone took the empty file for one that a dead process had left
    return _locked(path)
