"""One training run of a loop at a time, over processes: whoever holds the lock trains, and the kernel lets go of it
when the last process that holds it has ended, however it ended."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from loopwright.app.workspace import Workspace
from loopwright.core.clock import iso
from loopwright.errors import ConflictError


class TrainingLock:
    """The lock of one loop, held from `take` until `release` and until every child that got `fileno` has ended."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @property
    def fileno(self) -> int:
        """The open file, for a child that is to hold the lock, too."""
        return self._file.fileno()

    def release(self) -> None:
        """Let go of it in this process."""
        self._file.close()


def take_lock(workspace: Workspace, loop: str, what: str) -> TrainingLock | None:
    """Take the loop's lock; None where somebody else trains.

    Args:
        workspace: The workspace.
        loop: The loop's name.
        what: Who takes it, in words, as `a run by hand`.
    """
    path = _path(workspace, loop)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(f"{what}, since {iso(workspace.clock.now())[:19]}Z")
    file.flush()
    return TrainingLock(file)


def holder(workspace: Workspace, loop: str) -> str:
    """Who trains, as they said it when they took the lock."""
    try:
        return _path(workspace, loop).read_text(encoding="utf-8") or "another run"
    except OSError:
        return "another run"


@contextmanager
def training_alone(workspace: Workspace, loop: str, what: str) -> Iterator[None]:
    """Hold the lock for as long as the block runs.

    Raises:
        ConflictError: Somebody else trains this loop.
    """
    lock = take_lock(workspace, loop, what)
    if lock is None:
        raise ConflictError(
            f"{loop!r} is being trained already",
            why=holder(workspace, loop),
            fix="Wait until it has ended; `loopwright status` shows how far it is.",
        )
    try:
        yield
    finally:
        lock.release()


def _path(workspace: Workspace, loop: str) -> Path:
    return workspace.home / "run" / f"training-{loop}.lock"
