"""What a supervisor holds against a child that lives: it stands still, or it takes more memory than it may."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Fault = Literal["stuck", "memory"]
_MOST_TICK_S = 0.5
_PAGE = os.sysconf("SC_PAGE_SIZE") if sys.platform != "win32" else 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Bounds of one child; None: not bounded.

    Attributes:
        beat: A file that the child touches for as long as it is well.
        stuck_s: Seconds between two touches at most.
        start_s: The same until the first touch.
        memory_bytes: Resident memory at most (Linux only).
    """

    beat: Path | None = None
    stuck_s: float = 10.0
    start_s: float = 120.0
    memory_bytes: int | None = None


class Watchdog:
    """Looks at one process again and again.

    Silence is counted in looks, not by the clock of the file system: a supervisor that itself stood still, or a machine
    that slept, holds that time against nobody.

    Args:
        guard: The bounds.
        pid: The process.
    """

    def __init__(self, guard: Guard, pid: int) -> None:
        self._guard = guard
        self._pid = pid
        self._first = self._stamp()
        self._seen = self._first
        self._silent_s = 0.0

    def look(self, passed_s: float) -> Fault | None:
        """What is wrong now.

        Args:
            passed_s: Seconds since the look before.
        """
        if self._too_large():
            return "memory"
        if self._guard.beat is None:
            return None
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen, self._silent_s = stamp, 0.0
        else:
            self._silent_s += min(passed_s, _MOST_TICK_S)
        limit = self._guard.start_s if self._seen == self._first else self._guard.stuck_s
        return "stuck" if self._silent_s > limit else None

    def _stamp(self) -> int | None:
        try:
            return None if self._guard.beat is None else self._guard.beat.stat().st_mtime_ns
        except OSError:
            return None

    def _too_large(self) -> bool:
        limit = self._guard.memory_bytes
        return limit is not None and resident_bytes(self._pid) > limit


def resident_bytes(pid: int) -> int:
    """Memory that a process has in use; 0 where that cannot be known."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
