"""A served model whose figures are read at a moment that a test chooses."""

from typing import Any

import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.labelled_log import LabelledLog
from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.app.monitor.measures.table import MEASURES
from loopwright.app.versions import champion_of, manifest_of
from loopwright.core.clock import SECOND
from loopwright.monitoring.period_figure import PeriodFigure
from loopwright.observations.request_log import RequestLog, RequestRow

MINUTE = 60 * SECOND


class Served:
    """Requests of minutes, and the figures that a rule's measure reads of them. Minute 0 begins at `start`."""

    def __init__(self, project: Any) -> None:
        self.project = project
        self.workspace = project.workspace()
        self.version = str(champion_of(self.workspace, "small"))
        self.start = (self.workspace.clock.now() // (60 * MINUTE) + 1) * 60 * MINUTE
        self._count = 0

    def request(self, minute: int = 0, count: int = 1, **fields: Any) -> None:
        at = self.start + minute * MINUTE
        rows = []
        for _ in range(count):
            self._count += 1
            given = {
                "request_id": f"r{self._count}",
                "at": at + self._count,
                "event_time": at + self._count,
                "endpoint": "small",
                "arm": "champion",
                "version": self.version,
                "inputs": {"x": 1.5, "n": 1},
                "output": {"prediction": False, "score": 0.1},
                "latency_us": 2_000,
                "status": 200,
            }
            rows.append({**given, **fields} if "weight" in fields else RequestRow(**{**given, **fields}))
        if rows and isinstance(rows[0], dict):
            self.workspace.stores.tables.append("requests", rows)
        else:
            RequestLog(self.workspace.stores.tables).append(rows)

    def look(self, now: int | None = None) -> Look:
        signature = manifest_of(self.workspace, self.version).signature
        loop = lw.Loop("small", pipeline=self.project.loaded().loop.pipeline)
        log = LabelledLog(self.workspace, "small", version=self.version, signature=signature, since=self.start)
        return Look(
            workspace=self.workspace,
            loop=loop,
            version=self.version,
            signature=signature,
            reference=None,
            log=log,
            now=self.start if now is None else now,
        )

    def read(self, rule: Any, *, minutes: int = 1, since: int = 0, began: int = 0, **span: Any) -> Measured:
        """What the measure reads of the minutes from `since` on and before `minutes`, at their end."""
        until = self.start + minutes * MINUTE
        asked = Span(since=self.start + since * MINUTE, until=until, period=MINUTE, began=self.start - began, **span)
        return MEASURES[type(rule)].read(rule, self.look(until), asked)

    def figures(self, rule: Any, **asked: Any) -> tuple[PeriodFigure, ...]:
        return self.read(rule, **asked).figures[""]

    def clock(self, minute: int) -> None:
        set_clock(self.workspace.stores, self.start + minute * MINUTE)


@pytest.fixture
def served(replayed: Any) -> Served:
    return Served(replayed)


@pytest.fixture
def sensing(sensed: Any) -> Served:
    return Served(sensed)
