"""The page about what monitoring knows of one endpoint: what is wrong first, then what each rule rests on."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from loopwright.app.monitor.report import MonitorReport
from loopwright.app.monitor.report_incidents import Happening, IncidentView
from loopwright.app.monitor.report_rules import Point, RuleView
from loopwright.core.clock import Micros
from loopwright.export.chain import MARKED, TONES
from loopwright.export.monitor_columns import column_sections
from loopwright.export.monitor_details import OUTCOME_TONES, details_sections, objects_in, table_of
from loopwright.pictures.charts import number_text
from loopwright.pictures.scales import DAY, instant_text
from loopwright.pictures.sections import (
    Figure,
    Figures,
    Grid,
    LineChart,
    Marker,
    Report,
    Section,
    Series,
    Text,
    Threshold,
    Tone,
)

_CHARTS = 40
_EXPLAINED = 5
_NARROW = 5
_WORDS = {"pass": "passes", "warn": "warns", "fail": "fails", "unknown": "unknown", "not_applicable": "not applicable"}
_ORDER = ("fail", "unknown", "warn", "pass", "not_applicable")
_STATES: dict[str, Tone] = {"open": "bad", "acknowledged": "warn", "mending": "warn", "resolved": "good"}
_EVIDENCE = (
    "Evidence as a share of what an alarm needs, on a logarithmic scale: an incident opens at 100 %. "
    "A new champion starts anew."
)


def monitor_page(report: MonitorReport) -> Report:
    """The page; `export.report.render` draws it."""
    period = f"{instant_text(report.since)[:-6]} to {instant_text(report.until - 1)[:-6]}"
    return Report(
        title=f"Monitoring of {report.endpoint}",
        subtitle=f"{period}, {report.days:,} days looked at.",
        sections=(
            _figures(report),
            *_incidents(report),
            *_rules(report),
            *_evidence(report),
            *column_sections(report),
            *_charts(report),
            *_happened(report),
        ),
        made_at=report.made_at,
        source=f"the days, incidents and requests that endpoint {report.endpoint} has on record",
    )


def _figures(report: MonitorReport) -> Figures:
    states = report.incidents_by_state
    live = sum(count for state, count in states.items() if state != "resolved")
    outcomes = [str(rule.latest.get("outcome")) for rule in report.rules if rule.opens]
    failing, unknown = outcomes.count("fail"), outcomes.count("unknown")
    moved = [column.name for column in report.columns if column.moved]
    items = [
        Figure(
            label="Incidents now",
            value=f"{live} open" if live else "none open",
            note=f"{states.get('resolved', 0)} resolved in this period",
            tone="bad" if live else "good",
        ),
        Figure(
            label="Rules",
            value=f"{failing} of {len(outcomes)} fail"
            if failing
            else f"{outcomes.count('pass')} of {len(outcomes)} pass",
            note=f"{unknown} unknown, {outcomes.count('warn')} warn",
            tone="bad" if failing else "warn" if unknown or "warn" in outcomes else "good",
        ),
        Figure(
            label="Columns moved",
            value=f"{len(moved)} of {report.columns_watched}",
            note=", ".join(moved[:3]) + (" …" if len(moved) > 3 else ""),
            tone="warn" if moved else "good",
        ),
        *_quality(report),
    ]
    if report.champion is not None:
        number = f"version {report.champion.number}" if report.champion.number else report.champion.digest[:8]
        since = instant_text(report.champion.since)
        items.append(Figure(label="Champion", value=number, note=f"{report.champion.digest[:12]}, since {since}"))
    return Figures(title="", items=tuple(items))


def _quality(report: MonitorReport) -> Iterator[Figure]:
    """The first rule on labels: its figure, its interval, how many requests had a label."""
    for rule in report.rules:
        known = [point for point in rule.points if point.value is not None and point.coverage is not None]
        if known:
            last = known[-1]
            interval = f" [{number_text(last.low)}, {number_text(last.high)}]" if last.low is not None else ""
            tone: Tone = OUTCOME_TONES.get(last.outcome, "plain")
            note = f"{rule.check}{interval}, {number_text(last.coverage, 'percent')} of requests labelled"
            yield Figure(label="Quality by labels", value=number_text(last.value), note=note, tone=tone)
            return


def _incidents(report: MonitorReport) -> Iterator[Section]:
    if not report.incidents:
        yield Text(title="Incidents", paragraphs=("None in this period.",))
        return
    total = sum(report.incidents_by_state.values())
    yield Grid(
        title="Incidents",
        columns=("incident", "state", "severity", "opened", "lasted", "owner", "columns", "why"),
        rows=tuple(_incident(incident, report.until) for incident in report.incidents),
        tones=tuple(_STATES.get(incident.state, "plain") for incident in report.incidents),
        note="One incident a cause. loopwright trace incident:ID prints the chain from the alarm to its end."
        + (f" {total - len(report.incidents):,} more are not shown." if total > len(report.incidents) else ""),
    )
    for incident in report.incidents[:_EXPLAINED]:
        yield from _root_cause(incident)


def _incident(incident: IncidentView, until: Micros) -> tuple[object, ...]:
    lasted = ((incident.resolved_at or until) - incident.opened_at) / DAY
    named = ", ".join(incident.columns[:6]) + (" …" if len(incident.columns) > 6 else "")
    return (
        incident.id[:12],
        incident.state,
        incident.severity,
        instant_text(incident.opened_at),
        f"{lasted:.1f} d" if lasted >= 1 else f"{24 * lasted:.1f} h",
        incident.owner or "",
        named,
        incident.reason,
    )


def _root_cause(incident: IncidentView) -> Iterator[Section]:
    """What was stored as the explanation of an incident: each list of it is a table."""
    for inner in incident.explained.values():
        parts = inner.items() if isinstance(inner, dict) else (("upstream", inner),)
        for name, value in parts:
            rows = objects_in(value)
            if rows:
                title = f"{incident.id[:12]}: {name.replace('_', ' ')}"
                yield table_of(title, rows, half=max(map(len, rows)) <= _NARROW)


def _rules(report: MonitorReport) -> Iterator[Section]:
    rules = sorted(report.rules, key=lambda rule: (not rule.opens, _ORDER.index(_outcome(rule)), rule.check))
    if not rules:
        yield Text(
            title="Rules", paragraphs=("No rule has been looked at yet: a rule speaks when its first period is over.",)
        )
        return
    yield Grid(
        title="What each rule says",
        columns=("rule", "says", "figure", "limit", "n", "failed looks", "severity", "why"),
        right=("figure", "limit", "n", "failed looks"),
        rows=tuple(_rule(rule) for rule in rules),
        tones=tuple(OUTCOME_TONES.get(_outcome(rule), "plain") for rule in rules),
        note="A rule that fails opens an incident; a report only colours this page. Unknown is never a pass.",
    )


def _outcome(rule: RuleView) -> str:
    outcome = str(rule.latest.get("outcome"))
    return outcome if outcome in _ORDER else "unknown"


def _rule(rule: RuleView) -> tuple[object, ...]:
    says = _WORDS[_outcome(rule)] + ("" if rule.opens else " (report)")
    figure = rule.latest.get("value")
    share = figure / rule.latest["threshold"] if rule.sequential and figure and rule.latest.get("threshold") else None
    return (
        rule.check,
        says,
        number_text(figure) if share is None else number_text(share, "percent"),
        number_text(rule.latest.get("threshold")) if not rule.sequential else "100 %",
        rule.latest.get("n"),
        f"{rule.failed:,} of {rule.looks:,}" if rule.opens else "",
        rule.severity,
        rule.latest.get("reason", ""),
    )


def _evidence(report: MonitorReport) -> Iterator[Section]:
    """All sequential rules in one picture."""
    sequential = [rule for rule in report.rules if rule.sequential and rule.opens]
    series = tuple(_series(rule, report, ratio=True) for rule in sequential)
    if any(value is not None for line in series for value in line.value):
        yield LineChart(
            title="Evidence, by the day",
            series=series,
            thresholds=(Threshold(value=0.0, label="incident at"),),
            form="power",
            markers=_markers(report.happenings),
            note=_EVIDENCE,
        )


def _series(rule: RuleView, report: MonitorReport, *, ratio: bool = False) -> Series:
    """A rule's figures; the line is cut where a new champion began."""
    breaks = {one.since: None for one in report.champions[1:]}
    points: dict[Micros, Point | None] = {**breaks, **{point.at: point for point in rule.points}}
    kept = sorted(points)
    found = [points[at] for at in kept]
    banded = not ratio and any(point is not None and point.low is not None for point in found)
    return Series(
        name=rule.check,
        at=tuple(kept),
        value=tuple(_log_ratio(p) if ratio else p.value if p else None for p in found),
        low=tuple(p.low if p else None for p in found) if banded else (),
        high=tuple(p.high if p else None for p in found) if banded else (),
    )


def _log_ratio(point: Point | None) -> float | None:
    """Evidence over its threshold as a power of ten; under a thousandth nothing can be seen."""
    if point is None or point.value is None or not point.threshold:
        return None
    return math.log10(max(point.value / point.threshold, 1e-3))


def _charts(report: MonitorReport) -> Iterator[Section]:
    """Every other rule over time, with its interval and its limit, and then what its details list."""
    others = [rule for rule in report.rules if rule.opens and not rule.sequential]
    for rule in others[:_CHARTS]:
        if any(point.value is not None for point in rule.points):
            limit = next((p.threshold for p in reversed(rule.points) if p.threshold is not None), None)
            yield LineChart(
                title=rule.check,
                series=(_series(rule, report), *_coverage(rule)),
                thresholds=() if limit is None else (Threshold(value=limit, label="limit"),),
                markers=_markers(report.happenings),
                note=str(rule.latest.get("reason", "")),
            )
    for rule in report.rules:
        if rule.opens:
            yield from details_sections(rule)


def _coverage(rule: RuleView) -> Sequence[Series]:
    """The share of requests with a label, beside figures that lie on the same scale."""
    if not any(p.coverage is not None for p in rule.points) or any((p.value or 0) > 1 for p in rule.points):
        return ()
    return (Series(name="share of requests labelled", at=tuple(p.at for p in rule.points),
                   value=tuple(p.coverage for p in rule.points)),)  # fmt: skip


def _markers(happenings: Sequence[Happening]) -> tuple[Marker, ...]:
    return tuple(
        Marker(at=one.at, label=_label(one), tone=TONES.get(one.outcome, MARKED.get(one.kind, "plain")))
        for one in happenings
        if one.kind in MARKED and one.outcome != "suppressed"
    )


def _label(one: Happening) -> str:
    kind = one.kind.removesuffix("_finished") if one.outcome else one.kind
    return f"{kind} {one.outcome}".replace("_", " ").strip()


def _happened(report: MonitorReport) -> Iterator[Section]:
    if report.happenings:
        rows: list[dict[str, Any]] = [
            {
                "when": instant_text(one.at),
                "what": _label(one),
                "of": one.subject[:28],
                "why": one.text,
                "event": one.seq,
            }
            for one in report.happenings[::-1]
        ]
        yield Grid(
            title="What happened",
            columns=tuple(rows[0]),
            right=("event",),
            rows=tuple(tuple(row.values()) for row in rows),
            note="The newest first; loopwright trace event:N prints what caused it and what it caused.",
        )
