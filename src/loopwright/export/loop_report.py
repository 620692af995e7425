"""The report of one loop, read from its home: what happened, how requests drifted, who answered, how well, and why.

`loop_report(workspace, "flight-delay")` gives the page's parts; `report.render` makes the page.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopwright.app.monitor.days import reports_of, verdicts_of
from loopwright.app.monitor.report_rules import figure_is_evidence
from loopwright.app.observed import answered, scores_of
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of, manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import Event
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome
from loopwright.errors import NotFoundError
from loopwright.export.chain import MARKED, TONES, chain
from loopwright.monitoring.joined import join_labels
from loopwright.observations.labels import latest_labels
from loopwright.observations.request_log import read_requests, stood_for
from loopwright.pictures.scales import DAY
from loopwright.pictures.sections import (
    AreaChart,
    Curve,
    Figure,
    Figures,
    Grid,
    LineChart,
    Marker,
    Part,
    ReliabilityChart,
    Report,
    Section,
    Series,
    Threshold,
)
from loopwright.registry.judgement import judgements
from loopwright.registry.version import versions
from loopwright.stats.quality import reliability_curve
from loopwright.store.ledger import Record

_MANY = 100_000
_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop:
    """What every section is drawn from."""

    workspace: Workspace
    name: str
    events: Sequence[Event]
    numbers: Mapping[Digest, int]

    def marked(self, *kinds: str) -> tuple[Marker, ...]:
        """The events that one picture marks."""
        return tuple(_markers(event for event in self.events if event.kind in kinds))

    def version(self, digest: Digest) -> str:
        """A version as a reader knows it."""
        return (
            f"version {self.numbers[digest]} ({digest[:8]})"
            if digest in self.numbers
            else f"not registered ({digest[:8]})"
        )


def loop_report(
    workspace: Workspace,
    name: str,
    *,
    title: str = "",
    subtitle: str = "",
    first: Sequence[Section] = (),
    subject: str | None = None,
) -> Report:
    """The report of the loop `name` (which names its model and its endpoint as well).

    Args:
        workspace: The open home; nothing in it is changed.
        name: The loop's name.
        title: The page's heading; the name when empty.
        subtitle: One sentence below it.
        first: Sections of the caller's own, after the key figures.
        subject: What the chain at the end explains, as `incident:inc_…`; the champion when None.

    Raises:
        NotFoundError: The journal has nothing about the loop.
    """
    ledger = workspace.stores.ledger
    events = [event for event in journal(ledger) if _concerns(event, name)]
    if not events:
        raise NotFoundError(f"there is no loop {name!r} in {workspace.home}")
    registered = versions(ledger, name, namespace=workspace.namespace, limit=_MANY)
    numbers = {version.digest: version.number for version in registered}
    loop = _Loop(workspace=workspace, name=name, events=events, numbers=numbers)
    reliability = list(_reliability(loop))
    sections = (
        _figures(loop),
        *first,
        *_drift(loop),
        *_arms(loop),
        *reliability,
        *_judgements(loop, half=bool(reliability)),
        *chain(workspace, subject or f"model:{name}@champion"),
    )
    return Report(
        title=title or name,
        subtitle=subtitle,
        sections=sections,
        made_at=workspace.clock.now(),
        source=f"the home {workspace.home.name}, journal up to event {events[-1].seq}",
    )


def _concerns(event: Event, name: str) -> bool:
    kind, _, about = event.subject.partition(":")
    named = kind in ("model", "loop", "endpoint") and about.partition("@")[0] == name
    return named or event.data.get("endpoint") == name


def _figures(loop: _Loop) -> Figures:
    rows = read_requests(loop.workspace.stores.tables, loop.name, columns=["status", "fallback_from", "weight"])
    failed = int((rows["status"] >= 500).sum()) if rows.height else 0
    rescued = int(rows["fallback_from"].is_not_null().sum()) if rows.height else 0
    champion = champion_of(loop.workspace, loop.name)
    kinds = [event.kind for event in loop.events]
    ends = [str(event.data.get("outcome")) for event in loop.events if event.kind == "release_finished"]
    opened, resolved = kinds.count("incident_opened"), kinds.count("incident_resolved")
    return Figures(
        title="",
        items=(
            Figure(
                label="Requests", value=f"{stood_for(rows):,}", note=f"{rescued:,} answered by the champion instead"
            ),
            Figure(
                label="Failed requests",
                value=f"{failed:,}",
                note="answered with something else than 200",
                tone="bad" if failed else "good",
            ),
            Figure(
                label="Champion",
                value=loop.version(champion).partition(" (")[0] if champion else "none",
                note=f"{champion[:12]}, one of {len(loop.numbers)} registered" if champion else "",
            ),
            Figure(
                label="Incidents",
                value=f"{opened} opened",
                note=f"{resolved} resolved",
                tone="warn" if opened > resolved else "plain",
            ),
            Figure(
                label="Releases",
                value=f"{ends.count('promoted')} promoted",
                note=f"{ends.count('rolled_back')} rolled back, {ends.count('inconclusive')} inconclusive",
            ),
        ),
    )


def _markers(events: Iterable[Event]) -> Iterator[Marker]:
    """An event that moved something; a retrain that a rule held back moved nothing."""
    for event in events:
        if event.data.get("decision") != "suppressed":
            outcome = str(event.data.get("outcome", ""))
            label = f"{event.kind.removesuffix('_finished') if outcome else event.kind} {outcome}".replace(
                "_", " "
            ).strip()
            yield Marker(at=event.logical_at, label=label, tone=TONES.get(outcome, MARKED[event.kind]))


_LABELLED = (
    "Of the champion, over a moving window; an incident opens once the whole interval (not drawn) is beyond the limit. "
    "A gap is a day without enough labels."
)


def _drift(loop: _Loop) -> Iterator[Section]:
    """The incident rules' evidence, the columns' distances, and the performance, day by day."""
    ledger = loop.workspace.stores.ledger
    days = ledger.search("watch_day", where={"endpoint": loop.name}, order="at", limit=_MANY)
    breaks = [move.at for move in ledger.history(loop.workspace.ref("model", loop.name, "champion"))]
    evidence, performance = (_verdict_lines(days, breaks, sequential=sequential) for sequential in (True, False))
    if evidence:
        yield LineChart(
            title="Evidence of drift",
            series=tuple(Series(name=s.name, at=s.at, value=tuple(map(_log10, s.value))) for s, _ in evidence),
            thresholds=tuple(
                Threshold(value=_log10(level) or 0.0, label="incident at") for _, level in evidence[:1] if level
            ),
            form="power",
            markers=loop.marked("incident_opened", "incident_resolved", "retrain_decided", "release_finished"),
            note="Evidence, by the end of each day, that requests no longer look like the champion's reference. "
            "The scale is logarithmic; an incident opens where the line is reached. A new champion starts anew.",
        )
    columns = _column_lines(days)
    if columns:
        effects = [float(found["threshold"]) for day in days for found in reports_of(day) if found["threshold"]]
        yield LineChart(
            title="How far each column moved",
            series=columns,
            thresholds=tuple(Threshold(value=level, label="report rule") for level in effects[-1:]),
            form="percent",
            markers=loop.marked("incident_opened", "release_finished"),
            from_zero=True,
            note="Total variation distance of the last seven days' requests from the champion's reference: the "
            f"{_COLUMNS} columns that moved furthest; (prediction) and (label) are the answers and the outcomes. "
            "This rule colours a report and opens nothing.",
        )
    for series, level in performance:
        labelled = series.name.startswith("performance(")
        yield LineChart(
            title="Performance on labelled requests" if labelled else series.name,
            series=(series,),
            thresholds=() if level is None else (Threshold(value=level, label="limit"),),
            markers=loop.marked("incident_opened", "incident_updated", "release_finished"),
            note=_LABELLED if labelled else "The figure of the rule's last verdict of each day.",
        )


def _verdict_lines(
    days: Sequence[Record], breaks: Sequence[Micros], *, sequential: bool
) -> list[tuple[Series, float | None]]:
    """A line and the last known threshold for each rule that had a value; a drift rule is told by its false alarm rate.

    A day's value stands at the day's end, when it was known; lines are cut at `breaks`.
    """
    found: dict[str, list[tuple[Micros, dict[str, Any]]]] = {}
    drifts: set[str] = set()
    for day in days:
        for verdict in verdicts_of(day):
            found.setdefault(verdict["check"], []).append((_end_of(day), verdict))
            if figure_is_evidence(verdict.get("details") or {}):
                drifts.add(verdict["check"])
    lines = []
    for check, verdicts in found.items():
        if (check in drifts) is sequential and any(verdict["value"] is not None for _, verdict in verdicts):
            points = {at: None for at in breaks if verdicts[0][0] < at < verdicts[-1][0]}
            points |= {at: verdict["value"] for at, verdict in verdicts}
            series = Series(name=check, at=tuple(sorted(points)), value=tuple(points[at] for at in sorted(points)))
            levels = [verdict["threshold"] for _, verdict in verdicts if verdict["threshold"] is not None]
            lines.append((series, levels[-1] if levels else None))
    return lines


def _end_of(day: Record) -> Micros:
    return (int(day.data["day"]) + 1) * DAY


def _column_lines(days: Sequence[Record]) -> tuple[Series, ...]:
    found: dict[str, dict[int, float]] = {}
    columns = (
        (day, column) for day in days for report in reports_of(day) for column in report["details"].get("columns", ())
    )
    for day, column in columns:
        if column.get("total_variation") is not None:  # a column that vanished has nothing to compare
            found.setdefault(column["column"], {})[_end_of(day)] = column["total_variation"]
    furthest = sorted(found, key=lambda column: -max(found[column].values()))[:_COLUMNS]
    every = sorted({at for values in found.values() for at in values})
    return tuple(
        Series(name=column, at=tuple(every), value=tuple(found[column].get(at) for at in every)) for column in furthest
    )


def _log10(value: float | None) -> float | None:
    """Evidence below one says nothing, so that it is drawn at zero."""
    return None if value is None else math.log10(max(value, 1.0))


def _arms(loop: _Loop) -> Iterator[Section]:
    """Which version was given which share; a version keeps its colour when it becomes champion."""
    records = loop.workspace.stores.ledger.search("arms", where={"endpoint": loop.name}, order="at", limit=_MANY)
    if not records:
        return
    moments = sorted(records, key=lambda record: int(record.data["revision"]))
    versions = list(dict.fromkeys(arm["version"] for record in moments for arm in record.data["arms"]))
    shares = [{arm["version"]: float(arm["share"]) for arm in record.data["arms"]} for record in moments]
    at = [record.at for record in moments]
    until = max(loop.workspace.clock.now(), at[-1])
    if len(at) > 1:  # months of one champion alone would hide the hours of a canary
        at[0] = max(at[0], at[1] - (until - at[1]) // 8)
    back = {e.data.get("candidate") for e in loop.events if e.data.get("outcome") == "rolled_back"}
    yield AreaChart(
        title="Who answered",
        at=tuple(at),
        until=until,
        parts=tuple(
            Part(
                name=loop.version(version),
                share=tuple(share.get(version, 0.0) for share in shares),
                tone="bad" if version in back else "plain",
            )
            for version in versions
        ),
        markers=loop.marked("release_started", "override_recorded", "arm_tripped", "release_finished"),
        note="Share of the requests that each version was given, from shortly before the first change.",
    )


def _reliability(loop: _Loop) -> Iterator[Section]:
    """Predicted against observed for every version that has been champion, on the requests whose label is known."""
    moves = loop.workspace.stores.ledger.history(loop.workspace.ref("model", loop.name, "champion"))
    champions = dict.fromkeys(move.target for move in moves if move.target)
    curves = [curve for version in champions if (curve := _curve(loop, version))]
    if curves:
        note = "Requests whose label has come; a calibrated model lies on the diagonal."
        yield ReliabilityChart(title="Reliability", curves=tuple(curves), note=note)


def _curve(loop: _Loop, version: Digest) -> Curve | None:
    tables = loop.workspace.stores.tables
    signature = manifest_of(loop.workspace, version).signature
    rows = answered(tables, loop.name, version=version)
    labels = latest_labels(tables, loop.name, chosen=False)
    if signature.task != "binary" or not rows.height or not labels.height:
        return None
    joined = join_labels(rows, labels, scores_of(rows, signature))
    if not joined.labelled.any():
        return None
    curve = reliability_curve(joined.label, joined.score[joined.labelled], classes=signature.classes)
    return Curve(
        name=loop.version(version),
        predicted=tuple(curve.mean_score.tolist()),
        observed=tuple(curve.share_positive.tolist()),
        count=tuple(int(count) for count in curve.count),
    )


def _judgements(loop: _Loop, *, half: bool) -> Iterator[Section]:
    found = judgements(loop.workspace.stores.ledger, name=loop.name, namespace=loop.workspace.namespace, limit=50)[::-1]
    if not found:
        return
    rows = []
    for one in found:
        bad = [v.check for v in one.verdicts if v.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
        rows.append((loop.version(one.candidate), one.outcome.value, len(one.verdicts), ", ".join(bad)))
    yield Grid(
        title="Candidates before the gate",
        columns=("candidate", "outcome", "rules", "not passed"),
        right=("rules",),
        rows=tuple(rows),
        tones=tuple(TONES.get(one.outcome.value, "plain") for one in found),
        half=half,
    )
