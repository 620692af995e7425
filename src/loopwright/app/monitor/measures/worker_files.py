"""What the workers of this machine say of themselves: the files that they write for Prometheus, once a second."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from loopwright.core.clock import SECOND, Micros

FRESH: Micros = 5 * SECOND
"""A file that is older is of a worker that has ended or hangs."""

Labels = tuple[str, ...]


class _Count(msgspec.Struct, frozen=True):
    family: str
    labels: Labels
    value: float


class _Counted(msgspec.Struct, frozen=True, kw_only=True):
    counts: tuple[_Count, ...] = ()


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's file, as far as it is needed here.

    Attributes:
        at: When it was written, by the machine's clock.
        counted: Counters, which never go back.
        gauges: How the process is now.
    """

    at: Micros
    counted: _Counted = _Counted()
    gauges: tuple[_Count, ...] = ()

    def gauge(self, family: str) -> float | None:
        """Its value of one family."""
        return next((one.value for one in self.gauges if one.family == family), None)


def worker_files(home: Path) -> dict[str, WorkerFigures]:
    """Each worker's figures by its name; what cannot be read is left out."""
    found: dict[str, WorkerFigures] = {}
    for path in sorted((home / "run" / "metrics").glob("*.json")):
        try:
            found[path.stem] = msgspec.json.decode(path.read_bytes(), type=WorkerFigures)
        except (OSError, msgspec.MsgspecError):
            continue  # it was replaced a moment ago, or another version wrote it in another form
    return found


def counted(home: Path, family: str) -> Iterator[tuple[Labels, float]]:
    """The series of one counter, over all workers."""
    for figures in worker_files(home).values():
        for one in figures.counted.counts:
            if one.family == family:
                yield one.labels, one.value
