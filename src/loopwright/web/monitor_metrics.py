"""Monitoring as series for Prometheus: what the control process answers on `/metrics`."""

import math
from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from loopwright.app.loop import Loop
from loopwright.app.monitor.report_now import CheckNow, JournalCounts, MonitorNow, monitor_now
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.web.metrics import Count, Snapshot
from loopwright.web.monitor_families import (
    CHAMPION,
    COVERAGE,
    DECIDED,
    EFFECT,
    EVIDENCE,
    FIGURE,
    FRESHNESS,
    INCIDENTS,
    LIMIT,
    LOOKED,
    MOVED,
    NOTIFICATIONS,
    OPENED,
    PERIOD,
    READ_SECONDS,
    RELEASED,
    RESOLVED,
    RETRAINED,
    VERDICT,
)
from loopwright.web.scrape import rendered

OUTCOMES = ("pass", "warn", "fail", "unknown")
_COUNTERS = {
    "incident_opened": OPENED, "incident_resolved": RESOLVED, "retrain_decided": DECIDED,
    "retrain_finished": RETRAINED, "release_finished": RELEASED,
}  # fmt: skip
_SHORT = 12


class MonitorPage:
    """The page. Safe from several threads.

    Args:
        workspace: Whose home.
        loop: Whose rules and endpoint.
    """

    def __init__(self, workspace: Workspace, loop: Loop) -> None:
        self._workspace = workspace
        self._loop = loop
        self._counts = JournalCounts(workspace.stores.ledger, loop.name)

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        machine = self._workspace.machine
        began = machine.monotonic()
        now = monitor_now(self._workspace, self._loop.name, self._loop.monitor)
        series = [*series_of(now), *_ages(self._workspace), *self._counted()]
        series.append(Count(READ_SECONDS.name, (), machine.monotonic() - began))
        return rendered(Snapshot(), series)

    def _counted(self) -> Iterator[Count]:
        for (kind, fact), count in sorted(self._counts.counts().items()):
            labels = (self._loop.name, fact) if len(_COUNTERS[kind].labels) > 1 else (self._loop.name,)
            yield Count(_COUNTERS[kind].name, labels, count)


def series_of(now: MonitorNow) -> Iterator[Count]:
    """An endpoint's gauges. A figure that is not known has no series: zero would be a lie."""
    endpoint = now.endpoint
    for check in now.checks:
        yield from _check(endpoint, check)
    for column, effect in now.columns:
        yield Count(EFFECT.name, (endpoint, column), effect)
    yield Count(MOVED.name, (endpoint,), now.moved)
    for severity, state, count in now.incidents:
        yield Count(INCIDENTS.name, (endpoint, severity, state), count)
    for channel, state, count in now.notifications:
        yield Count(NOTIFICATIONS.name, (channel, state), count)
    if now.champion is not None:
        yield Count(CHAMPION.name, (endpoint, now.champion[:_SHORT]), 1)


def metrics_route(workspace: Workspace, loop: Loop) -> APIRouter:
    """`GET /metrics`; the door, which asks for the scope `metrics`, is the application's."""
    router = APIRouter()
    figures = MonitorPage(workspace, loop)

    @router.get("/metrics")
    def metrics() -> Response:
        """Rules, columns, incidents, retrains, notifications, as Prometheus reads them."""
        return Response(figures.page(), media_type=CONTENT_TYPE_LATEST)

    return router


def _check(endpoint: str, check: CheckNow) -> Iterator[Count]:
    labels = (endpoint, check.check)
    for outcome in OUTCOMES:
        whose = (endpoint, check.check, check.severity, check.owner, outcome)
        yield Count(VERDICT.name, whose, float(check.outcome == outcome))
    yield Count(LOOKED.name, labels, check.at / SECOND)
    yield Count(PERIOD.name, labels, check.period_us / SECOND)
    ratio = check.value / check.threshold if check.sequential and check.threshold and check.value is not None else None
    for family, value in (
        (EVIDENCE, ratio),
        (FIGURE, check.value),
        (LIMIT, check.threshold),
        (COVERAGE, check.coverage),
    ):
        if value is not None and math.isfinite(value):
            yield Count(family.name, labels, value)


def _ages(workspace: Workspace) -> Iterator[Count]:
    """How long ago each dataset's newest version landed."""
    ledger, now = workspace.stores.ledger, workspace.clock.now()
    for ref, version in ledger.refs(f"{workspace.namespace}/dataset/").items():
        record = ledger.record("dataset_version", version)
        if record is not None:
            name = ref.split("/")[-1].partition("@")[0]
            yield Count(FRESHNESS.name, (name,), _seconds(now - record.at))


def _seconds(span: Micros) -> float:
    return max(span, 0) / SECOND
