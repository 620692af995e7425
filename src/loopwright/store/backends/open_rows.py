"""What this process has read of open segments, so that looking again reads only what was appended since."""

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from loopwright.store.backends.os_errors import named_os_errors
from loopwright.store.backends.row_frames import concatenate, frame_of, whole_lines

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The rows of the first `size_bytes` bytes of one segment, which end with a whole line."""

    size_bytes: int
    frame: "pl.DataFrame"


class OpenRows:
    """Rows of open segments by folder. Safe from several threads; a segment only grows."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._read: dict[Path, dict[str, _Read]] = {}

    def frames(self, folder: Path) -> dict[str, "pl.DataFrame"]:
        """The whole lines of each segment of the folder as a frame, by the segment's file name."""
        with self._lock, named_os_errors(folder):
            before = self._read.get(folder, {})
            names = sorted(os.listdir(folder)) if folder.is_dir() else []
            read = {name: self._caught_up(folder / name, before.get(name)) for name in names}
            self._read[folder] = {name: found for name, found in read.items() if found is not None}
            return {name: found.frame for name, found in self._read[folder].items()}

    def _caught_up(self, path: Path, before: _Read | None) -> _Read | None:
        """What was known of a segment and what has come since; None where it was sealed a moment ago."""
        known = before.size_bytes if before else 0
        try:
            with path.open("rb") as file:
                file.seek(known)
                lines = whole_lines(file.read())
        except FileNotFoundError:
            return None
        if not lines and before is not None:
            return before
        frame = frame_of(lines) if before is None else concatenate([before.frame, frame_of(lines)])
        return _Read(size_bytes=known + len(lines), frame=frame)
