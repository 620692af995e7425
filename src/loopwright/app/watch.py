"""Watching the champion: once a day of event time is over, its drift and performance are judged, and incidents kept.

A day is judged when the workspace clock has passed its end; its labels are judged a day later, since they come late.
"""

import msgspec
import numpy as np
import polars as pl

from loopwright.app.labelled_log import LabelledLog
from loopwright.app.loop import Loop
from loopwright.app.observed import answered, model_columns, prediction_column
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.schema import Signature
from loopwright.core.verdict import Verdict
from loopwright.monitoring.detectors.day_block_rank import DayBlockState
from loopwright.monitoring.drift import drift_report, incident_detector
from loopwright.monitoring.incident import IncidentAction, IncidentBook
from loopwright.monitoring.incident import record as note_verdicts
from loopwright.monitoring.incident import resolve as note_resolved
from loopwright.monitoring.joined import join_labels
from loopwright.monitoring.performance import judge_performance
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, Reference, label_values
from loopwright.monitoring.rules import DriftRule, PerformanceRule
from loopwright.monitoring.window import Window, summarise
from loopwright.observations.labels import latest_labels
from loopwright.store.ledger import Record

LOOK_BACK_DAYS = 3
REPORT_DAYS = 7
LABEL_LAG_DAYS = 1
PERFORMANCE_DAYS = 120


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """The durable state of watching one endpoint.

    Attributes:
        version: The champion under watch; a new one starts anew.
        through: The first day (days since 1970, UTC) that has not been judged.
        drift: Detector state by the rule's name.
        book: The open incidents.
        opened: Event `seq` of `incident_opened`, by incident id; what later events name as their cause.
    """

    version: str
    through: int
    drift: dict[str, DayBlockState] = {}
    book: IncidentBook = IncidentBook()
    opened: dict[str, int] = {}


def load_watch(workspace: Workspace, endpoint: str) -> Watch | None:
    """The state as it was last written."""
    record = workspace.stores.ledger.record("watch", endpoint)
    return msgspec.convert(record.data, Watch) if record else None


def save_watch(
    workspace: Workspace, endpoint: str, watch: Watch, *, events: list[EventDraft], records: list[Record]
) -> tuple[int, ...]:
    """Write the state, what happened and the figures in one commit; returns the events' numbers."""
    state = Record(kind="watch", id=endpoint, data=msgspec.to_builtins(watch), at=workspace.clock.now())
    written = workspace.stores.ledger.commit(
        records=[state, *records], events=events, durability="full" if events else "normal"
    )
    return tuple(event.seq for event in written)


class Watcher:
    """Watches the champion of one endpoint. Keeps in memory what it has read.

    Everything that counts is in the ledger.
    """

    def __init__(self, workspace: Workspace, loop: Loop) -> None:
        self._workspace = workspace
        self._loop = loop
        self._version = ""
        self._known: tuple[Signature, Reference, LabelledLog] | None = None

    def watch(self) -> Watch | None:
        """Judge every day that is over and has not been judged; returns the state, None without a champion.

        Days are judged in one window: the sequential rule takes them one by one, the report and the performance rule
        look at the newest.
        """
        workspace, loop = self._workspace, self._loop
        version = champion_of(workspace, loop.name)
        if version is None or not loop.monitor:
            return None
        today = workspace.clock.now() // DAY
        watch = load_watch(workspace, loop.name)
        if watch is not None and watch.version == version and watch.through >= today:
            return watch
        if self._version != version:
            self._version, self._known = version, self._learn(version, today)
        reference = self._known[1] if self._known else None
        if watch is None or watch.version != version:
            watch = _begin(workspace, loop, watch, version=version, today=today, reference=reference)
        if self._known is None or watch.through >= today:
            return watch
        signature, reference, log = self._known
        return _Pass(workspace, loop, signature, reference=reference, log=log, today=today).judge(watch)

    def _learn(self, version: str, today: int) -> tuple[Signature, Reference, LabelledLog] | None:
        manifest = manifest_of(self._workspace, version)
        reference = reference_of(self._workspace, manifest)
        if reference is None:
            return None
        since = (today - PERFORMANCE_DAYS) * DAY
        log = LabelledLog(self._workspace, self._loop.name, version=version, signature=manifest.signature, since=since)
        return manifest.signature, reference, log


def _begin(
    workspace: Workspace, loop: Loop, before: Watch | None, *, version: str, today: int, reference: Reference | None
) -> Watch:
    """Start to watch a new champion. The day of the change is partial and is not judged."""
    states = {
        rule.name: incident_detector(rule, reference).start(after=today)
        for rule in loop.monitor
        if isinstance(rule, DriftRule) and reference is not None
    }
    watch = Watch(version=version, through=today + 1, drift=states)
    events: list[EventDraft] = []
    for cause in list(before.book.open) if before else ():
        assert before is not None
        _, actions = note_resolved(before.book, cause, reason="a new champion answers")
        caused = _champion_event(workspace, loop.name, version)
        events += [_event(loop, action, caused, opened=before.opened, now=workspace.clock.now()) for action in actions]
    save_watch(
        workspace,
        loop.name,
        watch,
        events=events,
        records=[_resolved(event, workspace.clock.now()) for event in events],
    )
    return watch


class _Pass:
    """One look at one endpoint."""

    def __init__(
        self,
        workspace: Workspace,
        loop: Loop,
        signature: Signature,
        *,
        reference: Reference,
        log: LabelledLog,
        today: int,
    ) -> None:
        self._log = log
        self._workspace = workspace
        self._loop = loop
        self._signature = signature
        self._reference = reference
        self._today = today
        self._now: Micros = workspace.clock.now()

    def judge(self, watch: Watch) -> Watch:
        window = self._window(watch)
        states, verdicts = dict(watch.drift), []
        for rule in self._loop.monitor:
            if isinstance(rule, DriftRule):
                detector = incident_detector(rule, self._reference)
                before = states.get(rule.name) or detector.start(after=watch.through - 1)
                states[rule.name] = detector.update(before, window, through=self._today)
                verdicts.append(detector.verdict(states[rule.name]))
            elif isinstance(rule, PerformanceRule):
                verdicts.append(self._performance(rule))
        figures = self._figures(window, verdicts)
        book, actions = note_verdicts(
            watch.book, f"version:{watch.version}", verdicts, at=self._now, ids=self._workspace.ids
        )
        after = msgspec.structs.replace(watch, through=self._today, drift=states, book=book)
        return self._write(after, actions, figures)

    def _write(self, watch: Watch, actions: tuple[IncidentAction, ...], figures: Record) -> Watch:
        caused = _champion_event(self._workspace, self._loop.name, watch.version)
        events = [_event(self._loop, action, caused, opened=watch.opened, now=self._now) for action in actions]
        records = [_incident_record(action, self._loop.name, self._now) for action in actions]
        written = save_watch(self._workspace, self._loop.name, watch, events=events, records=[figures, *records])
        opened = {a.incident.id: seq for a, seq in zip(actions, written, strict=True) if a.kind == "incident_opened"}
        if opened:
            watch = msgspec.structs.replace(watch, opened=watch.opened | opened)
            save_watch(self._workspace, self._loop.name, watch, events=[], records=[])
        return watch

    def _window(self, watch: Watch) -> Window:
        """The days since the last look, and a few before it for labels that came late and for the report."""
        first = min(watch.through, self._today - REPORT_DAYS) - LOOK_BACK_DAYS
        rows = answered(self._workspace.stores.tables, self._loop.name, version=watch.version, since=first * DAY)
        if not rows.height:
            return Window()
        rows = rows.filter(pl.col("event_time") < self._today * DAY)
        columns = model_columns(rows, self._signature) | {PREDICTION: prediction_column(rows, self._signature)}
        times = rows["event_time"].to_numpy()
        seen = summarise(columns, times, self._reference)
        labels = self._labels(first * DAY, rows.filter(pl.col("event_time") < (self._today - LABEL_LAG_DAYS) * DAY))
        return Window(columns=seen.columns | labels.columns)

    def _labels(self, since: Micros, rows: pl.DataFrame) -> Window:
        labels = latest_labels(self._workspace.stores.tables, self._loop.name, learned_since=since)
        if not rows.height or not labels.height:
            return Window()
        joined = join_labels(rows, labels, np.zeros(rows.height))
        times = joined.event_time[joined.labelled]
        values = label_values(joined.label, self._signature.task, self._signature.classes)
        return summarise({LABEL: values}, times, self._reference)

    def _performance(self, rule: PerformanceRule) -> Verdict:
        rows = self._log.rows((self._today - PERFORMANCE_DAYS) * DAY)
        before_today = rows.until(self._today * DAY)
        return judge_performance(rule, self._reference, before_today, rng=np.random.default_rng(self._today))

    def _figures(self, window: Window, verdicts: list[Verdict]) -> Record:
        """The day's figures, kept for reports: the rules' verdicts, and the report rule over the last week."""
        week = window.since(self._today - REPORT_DAYS)
        reports = [drift_report(r, self._reference, week) for r in self._loop.monitor if isinstance(r, DriftRule)]
        data = {
            "day": self._today - 1,
            "verdicts": msgspec.to_builtins(verdicts),
            "reports": msgspec.to_builtins(reports),
        }
        facets: dict[str, str | float | int | bool] = {"endpoint": self._loop.name, "day": self._today - 1}
        return Record(
            kind="watch_day", id=f"{self._loop.name}/{self._today - 1}", data=data, facets=facets, at=self._now
        )


def _champion_event(workspace: Workspace, name: str, version: str) -> tuple[int, ...]:
    """The event that made this version champion."""
    moves = workspace.stores.ledger.history(workspace.ref("model", name, "champion"))
    found = [move.seq for move in moves if move.target == version and move.seq]
    return (found[-1],) if found else ()


def _event(
    loop: Loop, action: IncidentAction, caused: tuple[int, ...], *, opened: dict[str, int], now: Micros
) -> EventDraft:
    incident = action.incident
    causes = (opened[incident.id], *caused) if incident.id in opened else caused
    if action.kind == "incident_updated":
        causes = (opened[incident.id],) if incident.id in opened else caused
    data = {
        "endpoint": loop.name,
        "cause": incident.cause,
        "checks": list(incident.checks),
        "columns": list(incident.columns),
        "reason": action.reason,
        "figures": {finding.check: finding.value for finding in incident.findings},
    }
    return EventDraft(
        kind=action.kind,
        subject=f"incident:{incident.id}",
        data=data,
        caused_by=causes,
        actor="monitor",
        logical_at=now,
    )


def _incident_record(action: IncidentAction, endpoint: str, now: Micros) -> Record:
    incident = action.incident
    facets: dict[str, str | float | int | bool] = {
        "endpoint": endpoint,
        "state": "resolved" if action.kind == "incident_resolved" else "open",
        "checks": ", ".join(incident.checks),
    }
    return Record(kind="incident", id=incident.id, data=msgspec.to_builtins(incident), facets=facets, at=now)


def _resolved(event: EventDraft, now: Micros) -> Record:
    name = event.subject.partition(":")[2]
    facets: dict[str, str | float | int | bool] = {
        "endpoint": event.data["endpoint"],
        "state": "resolved",
        "checks": ", ".join(event.data["checks"]),
    }
    return Record(kind="incident", id=name, data=event.data, facets=facets, at=now)
