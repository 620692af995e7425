"""Rules on what the workers use and what the disk has left."""

import re
from typing import Unpack

from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import MeasuredRule, Options, Watched, checked

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class ResourcesRule(MeasuredRule, frozen=True, kw_only=True, tag="resources"):
    """Watch memory and CPU of the workers, and the disk that holds the home.

    Attributes:
        memory_at_most: Resident bytes of the largest worker.
        cpu_at_most: CPU seconds a second of the busiest worker: 1.0 is one core, all the time.
        disk_left_at_least: Bytes free where the home lies.
    """

    memory_at_most: int | None = None
    cpu_at_most: float | None = None
    disk_left_at_least: int | None = None

    @property
    def watched(self) -> tuple[Watched, ...]:
        """Those of the three figures that have a bound."""
        found = (
            Watched(part="memory", at_most=self.memory_at_most, unit="bytes"),
            Watched(part="cpu", at_most=self.cpu_at_most, unit="cores"),
            Watched(part="disk_left", at_least=self.disk_left_at_least, unit="bytes"),
        )
        return tuple(one for one in found if one.bounded)


def resources(
    *,
    memory_at_most: str | int | None = None,
    cpu_at_most: float | None = None,
    disk_left_at_least: str | int | None = "1GB",
    **options: Unpack[Options],
) -> ResourcesRule:
    """Watch resources: `lw.watch.resources(memory_at_most="2GB", cpu_at_most=0.9)`; see `ResourcesRule`.

    Raises:
        UsageError: There is no bound at all, one is no size, or an option cannot hold.
    """
    if cpu_at_most is not None and not cpu_at_most > 0:
        raise UsageError(f"cpu_at_most={cpu_at_most} is no use of a CPU", fix="Give cores, such as 0.9.")
    rule = ResourcesRule(
        memory_at_most=_size(memory_at_most, "memory_at_most"),
        cpu_at_most=None if cpu_at_most is None else float(cpu_at_most),
        disk_left_at_least=_size(disk_left_at_least, "disk_left_at_least"),
        **checked(options, every="1m", periods=5),
    )
    if not rule.watched:
        raise UsageError("resources() has no bound", fix='Give one, as memory_at_most="2GB".')
    return rule


def _size(given: str | int | None, of: str) -> int | None:
    if given is None or (isinstance(given, int) and given > 0):
        return given
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)", str(given).strip().upper())
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"{of}={given!r} is no size", fix='Write "500MB" or "2GB".')
    return int(float(found[1]) * _UNITS[found[2]])
