"""The small files below a home's `run/` by which its processes find and watch one another."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.codec import to_json

_BEAT_S = 0.25


def beat_path(run: Path, name: str) -> Path:
    """The file that a worker touches for as long as it is well."""
    return run / f"{name}.beat"


def hand_path(run: Path, name: str) -> Path:
    """The file that says which models a worker is asking at this moment."""
    return run / f"{name}.hand"


@contextlib.contextmanager
def run_file(run: Path, name: str, about: Mapping[str, Any]) -> Iterator[None]:
    """Say in `NAME.json` where a process listens, for as long as it does.

    A successor of the same name may have written the file anew before this process ended; then it is the successor's.
    """
    path = run / f"{name}.json"
    run.mkdir(exist_ok=True)
    write_whole(path, to_json(dict(about) | {"pid": os.getpid()}))
    try:
        yield
    finally:
        if pid_in(path) == os.getpid():
            path.unlink(missing_ok=True)
            beat_path(run, name).unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that whoever reads it finds the old content or the new."""
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_bytes(data)
    scratch.replace(path)


def pid_in(path: Path) -> int | None:
    """The process that a run file names; None where it cannot be read."""
    try:
        return int(msgspec.json.decode(path.read_bytes())["pid"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


def is_alive(pid: int | None) -> bool:
    """Whether a process of this user, or of another, has that number."""
    if pid is None or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear_run_files(run: Path) -> None:
    """Take away what processes that are gone have left; before a supervisor starts its own."""
    for path in run.glob("*.json"):
        if not is_alive(pid_in(path)):
            path.unlink(missing_ok=True)
    for path in (*run.glob("worker-*.beat"), *run.glob("worker-*.hand"), *run.glob("worker-*.[0-9]*")):
        if not is_alive(pid_in(run / f"{path.stem}.json")):
            path.unlink(missing_ok=True)


async def keep_beating(path: Path, well: Callable[[], bool]) -> None:
    """Touch a file four times a second while `well` says so, for ever.

    It runs on the loop that answers requests, without a thread: a loop that stands still does not beat.
    """
    path.touch()
    while True:
        if well():
            with contextlib.suppress(OSError):
                os.utime(path)
        await asyncio.sleep(_BEAT_S)
