"""Which parts of a batch are finished: one line each, on the device before the next part begins."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loopwright.app.batch.asked import PartDone
from loopwright.core.codec import from_json, to_json


class PartsLog:
    """Lines of `PartDone` in a file. A line that a kill left unfinished was never there.

    Args:
        path: The file; made with the first part.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[PartDone, ...]:
        """Finished parts, in order; an unfinished last line is cut off."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return ()
        done: list[PartDone] = []
        whole = 0
        for line in data.splitlines(keepends=True):
            try:
                part = from_json(line, PartDone)
            except msgspec.MsgspecError:
                break
            if not line.endswith(b"\n") or part.index != len(done):
                break
            done.append(part)
            whole += len(line)
        if whole < len(data):
            os.truncate(self._path, whole)
        return tuple(done)

    def add(self, parts: Sequence[PartDone]) -> None:
        """Keep parts as finished; what they wrote must be on the device before."""
        with self._path.open("ab") as file:
            file.write(b"".join(to_json(part) + b"\n" for part in parts))
            file.flush()
            os.fsync(file.fileno())
