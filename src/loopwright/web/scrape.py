"""What Prometheus reads. Workers share a port, so that a scrape meets any one of them and must get the same from each.

Every worker writes what it has counted to a file once a second, and when it is asked itself; a scrape adds up the files
of all workers of the home. What was once shown is in a file: a counter never goes back, also where a worker is killed,
and one that is started again goes on from its file.
"""

import asyncio
import logging
import os
import resource
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from loopwright.core.clock import SECOND, Clock, Micros
from loopwright.core.codec import from_json, to_json
from loopwright.errors import LoopwrightError
from loopwright.store.backends.os_errors import named_os_errors
from loopwright.web.gpus import gpu_figures
from loopwright.web.metric_families import (
    CPU,
    FAMILIES,
    IN_FLIGHT,
    LOG_DROPPED,
    MEMORY,
    OPEN_FILES,
    STARTED,
    Family,
)
from loopwright.web.metrics import Count, Metrics, Snapshot, added_up
from loopwright.web.monitor_families import MONITOR_FAMILIES

WRITTEN_EVERY_S = 1.0
_LOG = logging.getLogger("loopwright.metrics")
_FRESH: Micros = 5 * SECOND
_FDS = Path("/proc/self/fd")
_STATM = Path("/proc/self/statm")
_DECLARED = (*FAMILIES, *MONITOR_FAMILIES)
_BY_NAME = {family.name: family for family in _DECLARED}


class WorkerFile(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker's file says.

    Attributes:
        at: When it was written, by the machine's clock: gauges of a file that is not fresh are not shown.
        counted: Counters and histograms, over all processes that this worker has had.
        gauges: How the process is now.
    """

    at: Micros
    counted: Snapshot
    gauges: tuple[Count, ...] = ()


class Scrape:
    """The page of a home's workers, as one of them gives it. Lives on one event loop.

    Args:
        folder: Where workers' files lie.
        name: This worker's; the worker that had it before is gone.
        machine: Dates files.
        lost_rows: How many rows a full disk has kept out of the log.
    """

    content_type = CONTENT_TYPE_LATEST.encode()

    def __init__(self, folder: Path, name: str, *, machine: Clock, lost_rows: Callable[[], int]) -> None:
        self._folder = folder
        self._name = name
        self._machine = machine
        self._lost_rows = lost_rows
        self._started = machine.now()
        before = _read(folder / f"{name}.json")
        self._lost_before = 0.0
        if before is not None:
            lost = (one.value for one in before.counted.counts if one.family == LOG_DROPPED.name)
            self._lost_before = sum(lost)
        self.metrics = Metrics(None if before is None else _without_own(before.counted))

    async def keep_writing(self, in_flight: Callable[[], int]) -> None:
        """Write this worker's file once a second, until cancelled."""
        while True:
            await asyncio.sleep(WRITTEN_EVERY_S)
            await asyncio.to_thread(self.write, self._now(in_flight()))

    async def page(self, in_flight: int) -> bytes:
        """The text that Prometheus reads."""
        return await asyncio.to_thread(self._page, self._now(in_flight))

    def write_last(self) -> None:
        """Write what was counted, before the worker ends."""
        self.write(self._now(0))

    def write(self, own: WorkerFile) -> None:
        """Write a worker's file, whole or not at all.

        Raises:
            NoSpaceError, NoPermissionError: The one before stays.
        """
        path = self._folder / f"{self._name}.json"
        scratch = path.with_suffix(f".{os.getpid()}")
        with named_os_errors(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                scratch.write_bytes(to_json(own))
                scratch.replace(path)
            except OSError:
                scratch.unlink(missing_ok=True)
                raise

    def _now(self, in_flight: int) -> WorkerFile:
        lost = Count(LOG_DROPPED.name, (), self._lost_before + self._lost_rows())
        counted = self.metrics.snapshot()
        counted = Snapshot(counts=(*counted.counts, lost), distributions=counted.distributions)
        worker = (self._name,)
        gauges = [
            Count(IN_FLIGHT.name, worker, in_flight),
            Count(STARTED.name, worker, self._started / SECOND),
            *_process(worker),
        ]
        return WorkerFile(at=self._machine.now(), counted=counted, gauges=tuple(gauges))

    def _page(self, own: WorkerFile) -> bytes:
        try:
            self.write(own)
        except LoopwrightError as error:  # a full disk is when figures are wanted most
            _LOG.warning("figures are shown that are in no file: %s %s", error.code, error.what)
        others = (path for path in sorted(self._folder.glob("*.json")) if path.stem != self._name)
        files = [own, *(found for path in others if (found := _read(path)) is not None)]
        fresh = [file for file in files if own.at - file.at < _FRESH]
        gauges = [*(one for file in fresh for one in file.gauges), *gpu_figures()]
        return rendered(added_up(file.counted for file in files), gauges)


def rendered(counted: Snapshot, gauges: Iterable[Count]) -> bytes:
    """Series as the text of Prometheus. Families that this version does not know are left out."""
    families: dict[str, Metric] = {}
    for one in (*counted.counts, *gauges):
        if (made := _family(families, one.family)) is not None:
            made.add_metric(one.labels, one.value)  # type: ignore[attr-defined]
    for other in counted.distributions:
        made, declared = _family(families, other.family), _BY_NAME.get(other.family)
        if made is None or declared is None or len(other.buckets) != len(declared.bounds) + 1:
            continue
        made.add_metric(other.labels, _cumulative(declared, other.buckets), other.sum)  # type: ignore[attr-defined]
    registry = CollectorRegistry()
    registry.register(_Families(families))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, families: Mapping[str, Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return [self._families[family.name] for family in _DECLARED if family.name in self._families]


def _family(families: dict[str, Metric], name: str) -> Metric | None:
    declared = _BY_NAME.get(name)
    if declared is None:
        return None
    if name not in families:
        make = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
        families[name] = make[declared.kind](name, declared.help, labels=declared.labels)
    return families[name]


def _cumulative(family: Family, buckets: Iterable[int]) -> list[tuple[str, float]]:
    so_far, found = 0, []
    for bound, count in zip((*family.bounds, float("inf")), buckets, strict=True):
        so_far += count
        found.append(("+Inf" if bound == float("inf") else f"{bound:g}", float(so_far)))
    return found


def _without_own(counted: Snapshot) -> Snapshot:
    """What `Metrics` counts: without the lost rows, which somebody else counts."""
    counts = tuple(one for one in counted.counts if one.family != LOG_DROPPED.name)
    return Snapshot(counts=counts, distributions=counted.distributions)


def _process(worker: tuple[str, ...]) -> list[Count]:
    """This process's CPU seconds, memory, and open files where the system tells."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = [Count(CPU.name, worker, used.ru_utime + used.ru_stime)]
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
        found.append(Count(MEMORY.name, worker, pages * resource.getpagesize()))
        found.append(Count(OPEN_FILES.name, worker, len(os.listdir(_FDS))))
    except OSError:
        return found
    return found


def _read(path: Path) -> WorkerFile | None:
    """A worker's file; None where it is not there, or an older version wrote it in another form."""
    try:
        return from_json(path.read_bytes(), WorkerFile)
    except (OSError, msgspec.MsgspecError):
        return None
