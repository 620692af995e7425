"""Memory and CPU of the workers, and what the disk has left."""

import shutil
from typing import Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.app.monitor.measures.worker_files import FRESH, WorkerFigures, worker_files
from loopwright.core.clock import SECOND, Micros
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.monitoring.rules.resources import ResourcesRule

_MEMORY = "loopwright_worker_resident_memory_bytes"
_CPU = "loopwright_worker_cpu_seconds"
_STARTED = "loopwright_worker_start_time_seconds"
_NO_WORKER = "no worker of this machine has said how it is in the last seconds"


class ResourcesMeasure:
    """Satisfies `Measure[ResourcesRule]`. The figures are those of now: a period that was missed has none."""

    def begin(self, rule: ResourcesRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """CPU seconds so far."""
        return _cpu_of(_fresh(look))

    def read(self, rule: ResourcesRule, look: Look, span: Span) -> Measured:  # noqa: ARG002 - the same
        """Each of the three; by the worker that uses most."""
        if not span.newest:
            return Measured(figures={}, memory=span.memory)
        at, files = span.until - span.period, _fresh(look)
        free = shutil.disk_usage(look.workspace.home).free
        figures = {
            "memory": _memory(at, files),
            "cpu": _cpu(at, files, before=span.memory or {}),
            "disk_left": PeriodFigure(at=at, value=float(free), n=1),
        }
        return Measured(figures={part: (figure,) for part, figure in figures.items()}, memory=_cpu_of(files))


def _fresh(look: Look) -> dict[str, WorkerFigures]:
    now = look.workspace.machine.now()
    return {name: file for name, file in worker_files(look.workspace.home).items() if now - file.at < FRESH}


def _memory(at: Micros, files: dict[str, WorkerFigures]) -> PeriodFigure:
    used = {name: bytes_ for name, file in files.items() if (bytes_ := file.gauge(_MEMORY)) is not None}
    if not used:
        return PeriodFigure(at=at, reason=_NO_WORKER)
    return PeriodFigure(at=at, value=max(used.values()), n=len(used), parts=used)


def _cpu_of(files: dict[str, WorkerFigures]) -> dict[str, list[float]]:
    """By worker: when its process began, when it said so (both in seconds), and its CPU seconds until then."""
    return {
        name: [file.gauge(_STARTED) or 0.0, file.at / SECOND, seconds]
        for name, file in files.items()
        if (seconds := file.gauge(_CPU)) is not None
    }


def _cpu(at: Micros, files: dict[str, WorkerFigures], *, before: dict[str, list[float]]) -> PeriodFigure:
    """Between two looks, of processes that were there at both."""
    used: dict[str, float] = {}
    for name, (started, said_at, seconds) in _cpu_of(files).items():
        known = before.get(name)
        if known is not None and known[0] == started and said_at > known[1]:
            used[name] = max(seconds - known[2], 0.0) / (said_at - known[1])
    if not used:
        return PeriodFigure(
            at=at, reason="no worker was there at this look and the one before" if files else _NO_WORKER
        )
    return PeriodFigure(at=at, value=max(used.values()), n=len(used), parts=used)
