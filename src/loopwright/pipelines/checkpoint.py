"""A folder that a step keeps its progress in: a step that was killed finds it again, one that ended does not.

It belongs to the step's fingerprint, so that only the same code on the same inputs with the same parameters goes on.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from loopwright.errors import UsageError

KEPT_S = 14 * 86_400
"""How long progress is kept that nobody goes on from."""
_CURRENT: ContextVar[str] = ContextVar("loopwright_checkpoint", default="")


def checkpoint_folder() -> Path:
    """The folder in which the running step keeps its progress, made now where it is not there.

    What the step writes there survives a kill of the process; when the same step runs again (the same code, inputs and
    parameters) it finds it. Once the step has returned, the folder is removed. Write a file under another name and
    rename it, so that a kill leaves no half of one.

    Raises:
        UsageError: No step is running.
    """
    folder = _CURRENT.get()
    if not folder:
        raise UsageError(
            "checkpoint_folder() was called outside of a step",
            why="progress belongs to a step of a run",
            fix="Call it within a function decorated with @lw.step, while a run is under way.",
        )
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def keeping_in(folder: str) -> Iterator[None]:
    """Let `checkpoint_folder` name this folder while the block runs; empty: none."""
    token = _CURRENT.set(folder)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def forget(folder: str) -> None:
    """Remove the progress of a step that has ended."""
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def forget_old(folder: Path, *, now_s: float) -> None:
    """Remove progress that was not touched for `KEPT_S`.

    Args:
        folder: Where the folders of steps lie.
        now_s: Seconds since 1970.
    """
    for kept in folder.iterdir() if folder.is_dir() else ():
        touched = max((path.stat().st_mtime for path in (kept, *kept.rglob("*")) if path.exists()), default=now_s)
        if now_s - touched > KEPT_S:
            shutil.rmtree(kept, ignore_errors=True)
